// The browsable description of the API: calls made from it are the reader's own.

const place = document.getElementById("api");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor: (request) => {
    if (place.dataset.csrf) request.headers["X-CSRF-Token"] = place.dataset.csrf;
    return request;
  },
});
