/**
 * How much of a tree is read. A repository is input from strangers: whoever may open a pull request must not be able to
 * stop the check for everybody else. Beyond a limit there is one finding that names it, never a partial reading.
 */

/**
 * One file. The API server takes about 1.5 MiB per object (etcd's request limit), and a MiB of manifests is some 2,500
 * objects, more than anyone reviews in one file; parsing it costs a fifth of a second.
 */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Nesting within one document. Our kinds need 8, schemas inside other people's custom resource definitions reach 40. */
export const MAX_DEPTH = 100;

/**
 * Nodes that aliases may stand for in one document, counted as if each were written out. A person who anchors a list of
 * destinations and uses it in a hundred policies of one list stays below; nine lines of nine aliases each do not.
 */
export const MAX_ALIASED_NODES = 10_000;

/** Findings of one file: enough to see the pattern, few enough to read, and a bound on what a hostile file costs. */
export const MAX_FINDINGS = 200;

/** Typing mistakes of form in one document, for the same reasons. */
export const MAX_MISTAKES = 100;

/** Longer lines are not searched for such mistakes: they are made by hand, and looking costs the square of the length. */
export const MAX_SEARCHED_LINE = 1000;
