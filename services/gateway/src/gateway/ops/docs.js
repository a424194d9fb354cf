// Renders openapi.json without any library, so that the page works without the internet.
const make = (tag, text, ...children) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
};

const nameOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return `list of ${nameOf(schema.items)}`;
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" or ");
  if (schema.allOf) return schema.allOf.map(nameOf).join(" and ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  return schema.format ?? schema.type ?? "anything";
};

const row = (...cells) => make("tr", "", ...cells.map((cell) => make("td", cell)));

const bodyOf = (content) =>
  Object.entries(content ?? {}).map(([type, { schema }]) => `${type} ${nameOf(schema)}`).join(", ");

const operation = (path, method, spec) => {
  const line = make("summary", "", make("b", method.toUpperCase()), make("code", path));
  line.append(`  ${spec.summary ?? ""}`);
  const table = make("table");
  for (const { name, in: place, description, schema } of spec.parameters ?? [])
    table.append(row(name, `${place}: ${nameOf(schema)}`, description ?? ""));
  if (spec.requestBody) table.append(row("body", bodyOf(spec.requestBody.content), ""));
  for (const [status, { description, content }] of Object.entries(spec.responses ?? {}))
    table.append(row(status, bodyOf(content), description ?? ""));
  return make("details", "", line, make("p", spec.description), table);
};

const model = (name, schema) => {
  const table = make("table");
  for (const [field, part] of Object.entries(schema.properties ?? {}))
    table.append(row(field, nameOf(part), part.description ?? ""));
  const line = make("summary", "", make("code", name));
  return make("details", "", line, make("p", schema.description), table);
};

const show = (document_) => {
  const main = document.getElementById("main");
  main.replaceChildren(make("h2", "Operations"));
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, spec] of Object.entries(methods)) main.append(operation(path, method, spec));
  main.append(make("h2", "Models"));
  for (const [name, schema] of Object.entries(document_.components.schemas))
    main.append(model(name, schema));
  main.append(make("h2", "Problems"), make("pre", document_.info.description));
};

fetch("openapi.json").then((answer) => answer.json()).then(show);
