/* Starts the upload page. */
import { startUpload } from "./view.js";

const form = document.getElementById("upload");
if (form) startUpload(form);
