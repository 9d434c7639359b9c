// Shows the API that the page's data-spec attribute points to. A file of its own, because the page's
// Content-Security-Policy allows no inline script.
SwaggerUIBundle({
  url: document.getElementById("swagger-ui").dataset.spec,
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false, // a token must not outlive the tab
  validatorUrl: null, // the default sends the spec's address to another server
});
