/** What is read back of a value that was written: columns are lists there. */
export function asWritten<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}
