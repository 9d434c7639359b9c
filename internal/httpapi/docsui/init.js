// Shows the API that the page's data-spec attribute points to. A file of its own, because the page's
// Content-Security-Policy allows no inline script.

// Swagger UI has a dark form, and leaves it to the page when to show it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Every operation lists the same errors with the same body, the schema Problem, and some another success without a body of
// its own. One line says which.
const othersInOneLine = ({ React: { createElement } }) => ({
  wrapComponents: {
    response: (Response) => (props) => {
      if (!/^(202|[345]|default)/.test(props.code)) return createElement(Response, props);
      return createElement(
        "tr",
        { className: "response problem", "data-code": props.code },
        createElement("td", { className: "response-col_status" }, props.code),
        createElement("td", { className: "response-col_description", colSpan: 2 }, props.response.get("description")?.replaceAll("`", "")),
      );
    },
  },
});

SwaggerUIBundle({
  url: document.getElementById("swagger-ui").dataset.spec,
  dom_id: "#swagger-ui",
  deepLinking: true,
  plugins: [othersInOneLine],
  defaultModelsExpandDepth: 0, // schemas are listed, closed
  defaultModelRendering: "example",
  displayRequestDuration: true,
  persistAuthorization: false, // a token must not outlive the tab
  validatorUrl: null, // the default sends the spec's address to another server
});
