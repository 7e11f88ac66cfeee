/* The live camera with the earlier photo of the same spot laid over it, half transparent. Where the browser has no camera
   the button does not appear, and the file control below it does the same. */
"use strict";
(() => {
  const dialog = document.querySelector("[data-camera-dialog]"), photos = window.dermforwardPhotos;
  const box = document.querySelector("[data-slots]");
  if (!dialog || !photos || !box || !dialog.showModal || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
  const part = (name) => dialog.querySelector(`[data-camera-${name}]`);
  const video = dialog.querySelector("video"), earlier = part("earlier"), share = dialog.querySelector("input[type=range]");
  const words = part("words"), shutter = part("take");
  let stream = null, slot = "", opener = null;

  const reveal = (root) => { for (const button of root.querySelectorAll("[data-camera]")) button.hidden = false; };
  const blend = () => {
    const hidden = part("hide").getAttribute("aria-pressed") === "true";
    earlier.style.opacity = hidden ? 0 : share.value / 100;
    part("share").textContent = `${hidden ? 0 : share.value}%`;
  };
  const close = () => {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    if (dialog.open) dialog.close();
    if (opener && opener.isConnected) opener.focus();
  };
  const open = async (button) => {
    opener = button; slot = button.dataset.cameraSlot;
    earlier.src = button.dataset.camera;
    part("date").textContent = button.dataset.cameraWhen;
    shutter.disabled = true;
    words.textContent = words.dataset.opening;
    blend();
    dialog.showModal();
    try {
      const wanted = { facingMode: "environment", width: { ideal: 4096 }, height: { ideal: 3072 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (!dialog.open) { close(); return; }
      video.srcObject = stream;
      await video.play();
      shutter.disabled = false;
      words.textContent = "";
    } catch (error) {
      words.textContent = words.dataset.noCamera;
    }
  };
  const take = async () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    if (!canvas.width) return;
    canvas.getContext("2d").drawImage(video, 0, 0);
    shutter.disabled = true;
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    await photos.add({ file: new File([blob], "camera.jpg", { type: "image/jpeg" }), create: box.dataset.create, slot });
    close();
  };

  reveal(document);
  document.addEventListener("htmx:load", (event) => { if (event.target.querySelectorAll) reveal(event.target); });
  document.addEventListener("photo", () => setTimeout(() => reveal(document), 0));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-camera]");
    if (button) open(button);
  });
  share.addEventListener("input", blend);
  part("hide").addEventListener("click", (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    blend();
  });
  shutter.addEventListener("click", take);
  part("file").addEventListener("click", () => { close(); document.getElementById(`file-${slot}`).click(); });
  part("close").addEventListener("click", close);
  dialog.addEventListener("close", close);
})();
