// Holds documents to the JSON Schema of the OpenAPI specification. Usage: node validate.mjs FILE...

import { Validator } from "@seriousme/openapi-schema-validator";

for (const file of process.argv.slice(2)) {
  const { valid, errors } = await new Validator().validate(file);
  if (!valid) {
    console.error(file, JSON.stringify(errors, null, 2));
    process.exitCode = 1;
  }
}
