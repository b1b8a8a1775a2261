// The form of a grammar recipe, which only parse.ts passes on to the parser library.
export type Recipe = readonly unknown[];
