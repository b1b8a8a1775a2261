// Byte strings (one character a byte, as packages/linux has them) and Node's strings and buffers.
// In and out: names. Must not know: what they name.

const plain = (text: string): boolean => !/[^ -~]/.test(text);

/** A name as Node takes it: a string where it is plain ASCII, else its bytes. */
export const toHost = (name: string): string | Buffer => (plain(name) ? name : Buffer.from(name, 'latin1'));

/** The byte string of a JavaScript string, such as an argument or a variable: its UTF-8 bytes. */
export const toBytes = (text: string): string => (plain(text) ? text : Buffer.from(text).toString('latin1'));
