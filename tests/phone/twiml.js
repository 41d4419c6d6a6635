// Reads TwiML and holds it against Twilio's own package: the same verbs built by the package must be valid for its types, and come out the same.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { XMLParser } from "fast-xml-parser";
import ts from "typescript";
import twilio from "twilio";

const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: "", parseTagValue: false, parseAttributeValue: false, trimValues: false });
/** The package's names for elements. */
const METHODS = { prosody: "prosody" };
/** Attributes that are lists, numbers or truths in the package. */
const LISTS = new Set(["input"]);
const NUMBERS = new Set(["timeout", "numDigits"]);
const TRUTHS = new Set(["actionOnEmptyResult", "answerOnBridge"]);

/** The package's declarations, read once. */
const sources = new Map();

/** An element as a tree. */
export function parse(xml) {
  const [root] = parser.parse(xml).filter((node) => !("?xml" in node)).map(element);
  return root;
}

function element(node) {
  const name = Object.keys(node).find((key) => key !== ":@");
  const inside = node[name];
  const text = inside.filter((child) => "#text" in child).map((child) => child["#text"]).join("");
  const children = inside.filter((child) => !("#text" in child)).map(element);
  return { name, attributes: node[":@"] ?? {}, text, children };
}

/** The first element of a name. */
export function find(tree, name) {
  return tree.name === name ? tree : tree.children.map((child) => find(child, name)).find(Boolean);
}

/** All that is said. */
export function said(tree) {
  return tree.name === "Say" || tree.name === "prosody" ? [tree.text, ...tree.children.map(said)].join(" ").trim() : tree.children.map(said).filter(Boolean).join(" ");
}

/** The calls of the package that build this TwiML. */
function program(tree) {
  const lines = ['import twilio from "twilio";', "const response = new twilio.twiml.VoiceResponse();"];
  let count = 0;
  const build = (parent, node) => {
    const attributes = Object.fromEntries(Object.entries(node.attributes).map(([name, value]) => {
      if (LISTS.has(name)) return [name, value.split(" ")];
      if (NUMBERS.has(name)) return [name, Number(value)];
      if (TRUTHS.has(name)) return [name, value === "true"];
      return [name, value];
    }));
    const method = METHODS[node.name] ?? node.name[0].toLowerCase() + node.name.slice(1);
    const values = [JSON.stringify(attributes)];
    if (node.text) values.push(JSON.stringify(node.text));
    if (node.name === "Say" && !node.text) values.push('""');
    const name = `v${count++}`;
    lines.push(`const ${name} = ${parent}.${method}(${values.join(", ")});`);
    for (const child of node.children) build(name, child);
  };
  for (const child of tree.children) build("response", child);
  lines.push("export default response.toString();");
  return lines.join("\n");
}

/** Fails where the package's types do not allow it, or the package would write it otherwise. */
export function check(xml) {
  const tree = parse(xml);
  assert.equal(tree.name, "Response");
  const text = program(tree);
  const file = fileURLToPath(new URL("checked.ts", import.meta.url));
  const options = { strict: true, noEmit: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, skipLibCheck: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, target) => {
    if (name === file) return ts.createSourceFile(name, text, target);
    if (!sources.has(name)) sources.set(name, getSourceFile.call(host, name, target));
    return sources.get(name);
  };
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => (name === file ? text : readFile.call(host, name));
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).filter((problem) => problem.file?.fileName === file);
  assert.deepEqual(problems.map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, "\n")), [], text);
  const body = text.split("\n").slice(2, -1).join("\n");
  const response = new twilio.twiml.VoiceResponse();
  new Function("response", body)(response);
  assert.deepEqual(parse(response.toString()), tree);
  return tree;
}
