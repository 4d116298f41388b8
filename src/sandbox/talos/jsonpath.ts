import { isTree } from "./values.ts";

/** As much of kubectl's JSONPath templates as this kind of tool uses: `{.a.b}`, `{.a\.b}`, `['a']`, `[0]`, `[*]`, `[?(@.a=="b")]`. */
export function jsonPath(template: string, value: unknown): string {
  return template.replace(/\{([^}]*)\}/g, (_, expression: string) =>
    evaluate(expression.trim(), value).map(print).join(" "),
  );
}

const STEP =
  /^(?:\.?\[\?\(@\.([\w.]+)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]|\.?\[['"]([^'"]+)['"]\]|\.?\[(\*|-?\d+)\]|\.((?:\\.|[^.[\\])+)|(\.\*))/;

function evaluate(expression: string, value: unknown): readonly unknown[] {
  if (/^"[^"]*"$/.test(expression)) return [JSON.parse(expression)];
  let rest = expression.replace(/^[$@]/, "");
  let values: readonly unknown[] = [value];
  if (rest === "." || rest === "") return values;
  while (rest !== "") {
    const step = STEP.exec(rest);
    if (step === null)
      throw new Error(`error parsing jsonpath {${expression}}: unrecognized character in action`);
    rest = rest.slice(step[0].length);
    values = values.flatMap((one) => advance(one, step));
  }
  return values;
}

function advance(value: unknown, step: RegExpExecArray): readonly unknown[] {
  const [, filterKey, filterText, filterOther, quoted, index, name, wildcard] = step;
  if (filterKey !== undefined) {
    const wanted = filterText ?? filterOther ?? "";
    return elements(value).filter((one) => evaluate(`.${filterKey}`, one).some((inner) => inner === wanted));
  }
  if (index === "*" || wildcard !== undefined) return elements(value);
  if (index !== undefined) return Array.isArray(value) ? value.slice(Number(index)).slice(0, 1) : [];
  const key = quoted ?? (name ?? "").replaceAll("\\.", ".");
  return isTree(value) && key in value ? [value[key]] : [];
}

function elements(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isTree(value) ? Object.values(value) : [];
}

function print(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
