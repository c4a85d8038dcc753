/* Forms that answer while they are filled in: visibility capped by the namespace, fields of the kind. */

const RANK = { private: 0, internal: 1, public: 2 };

/** Offer only visibilities that the chosen namespace allows, and say why not the others. */
function capVisibility(select) {
  const option = select.selectedOptions[0];
  if (!option) return;
  const cap = option.dataset.visibility;
  for (const radio of select.form.querySelectorAll('[name="visibility"]')) {
    const told = radio.closest(".choice").querySelector("small");
    radio.disabled = RANK[radio.value] > RANK[cap];
    told.textContent = radio.disabled ? `Not possible: ${option.value} is ${cap}.` : told.dataset.told;
    if (radio.disabled && radio.checked) {
      radio.checked = false;
      select.form.querySelector(`[name="visibility"][value="${cap}"]`).checked = true;
    }
  }
}

/** Show the fields of an S3 site only for one. */
function showKind(form) {
  const isS3 = form.querySelector('[name="kind"]:checked')?.value !== "local";
  for (const part of form.querySelectorAll(".s3")) part.hidden = !isS3;
}

/** A form is sent once, however often its button is pressed. */
function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}

export function startForms() {
  for (const select of document.querySelectorAll("[data-namespaces]")) {
    select.addEventListener("change", () => capVisibility(select));
    capVisibility(select);
  }
  for (const form of document.querySelectorAll("[data-site-form]")) {
    form.addEventListener("change", () => showKind(form));
    showKind(form);
  }
  document.addEventListener("submit", sendOnce);
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });
}
