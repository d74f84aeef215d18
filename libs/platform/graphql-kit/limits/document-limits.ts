import { type ASTVisitor, type DocumentNode, GraphQLError, Kind, type SelectionSetNode, type ValidationContext, type ValidationRule } from 'graphql';

/** Most of each in one operation, with every fragment expanded where it is spread. */
export interface DocumentLimits {
  /** Fields within fields: `{ a { b } }` is 2. What lies below `__schema` and `__type` has limits of graphql-js's own. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly rootFields: number;
}

/** A document of few fragments that spread each other twice grows to millions of fields: more than these are not looked at. */
export const FIELDS_MAX = 2_000;

interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly fields: number;
  /** Fields of this selection itself, whichever fragments hold them. */
  readonly rootFields: number;
}

const NOTHING: Measure = { depth: 0, aliases: 0, directives: 0, fields: 0, rootFields: 0 };
const INTROSPECTION = new Set(['__schema', '__type']);

/** Refuses operations beyond the limits, by name, in time that grows with the document and not with what it expands to. */
export const documentLimits = (limits: DocumentLimits): ValidationRule => (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(operation) {
    const measured = new Measuring(context.getDocument()).selection(operation.selectionSet);
    const measure = { ...measured, directives: measured.directives + (operation.directives?.length ?? 0) };
    const all = { ...limits, fields: FIELDS_MAX };
    for (const [name, max] of Object.entries(all) as [keyof Measure, number][]) {
      if (measure[name] > max) context.reportError(new GraphQLError(`The operation exceeds the limit of ${max} ${WORDS[name]}.`, { nodes: operation }));
    }
  },
});

const WORDS: Readonly<Record<keyof Measure, string>> = {
  depth: 'levels of fields',
  aliases: 'aliases',
  directives: 'directives',
  fields: 'fields',
  rootFields: 'root fields',
};

/** Measures each fragment once. */
class Measuring {
  private readonly fragments = new Map<string, SelectionSetNode>();
  private readonly directivesOf = new Map<string, number>();
  private readonly measured = new Map<string, Measure>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
      this.fragments.set(definition.name.value, definition.selectionSet);
      this.directivesOf.set(definition.name.value, definition.directives?.length ?? 0);
    }
  }

  selection({ selections }: SelectionSetNode): Measure {
    return selections.map((node): Measure => {
      const directives = node.directives?.length ?? 0;
      if (node.kind === Kind.FRAGMENT_SPREAD) return plus(this.fragment(node.name.value), { ...NOTHING, directives });
      if (node.kind === Kind.INLINE_FRAGMENT) return plus(this.selection(node.selectionSet), { ...NOTHING, directives });
      const below = node.selectionSet ? this.selection(node.selectionSet) : NOTHING;
      return {
        depth: 1 + (INTROSPECTION.has(node.name.value) ? 0 : below.depth),
        aliases: below.aliases + (node.alias ? 1 : 0),
        directives: below.directives + directives,
        fields: below.fields + 1,
        rootFields: 1,
      };
    }).reduce(plus, NOTHING);
  }

  private fragment(name: string): Measure {
    const known = this.measured.get(name);
    if (known) return known;
    this.measured.set(name, NOTHING); // a circle ends here; another rule refuses it
    const selection = this.fragments.get(name);
    const measure = selection ? plus(this.selection(selection), { ...NOTHING, directives: this.directivesOf.get(name) ?? 0 }) : NOTHING;
    this.measured.set(name, measure);
    return measure;
  }
}

/** Side by side: counts add up, the deeper one counts. */
const plus = (a: Measure, b: Measure): Measure => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  directives: a.directives + b.directives,
  fields: a.fields + b.fields,
  rootFields: a.rootFields + b.rootFields,
});
