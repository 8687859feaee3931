/**
 * Label selectors as Kubernetes matches them (apimachinery `labels.Requirement.Matches`): `NotIn` also holds where the
 * key is absent, and the empty selector matches everything.
 */
import type { LabelRequirement, LabelSelector } from "./intent.ts";
import type { Labels } from "./view.ts";

export function matches(selector: LabelSelector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => satisfies(requirement, labels));
}

/** A label's value; keys such as `constructor` are ordinary labels and not what every object inherits. */
function labelValue(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function satisfies({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labelValue(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return operator satisfies never;
  }
}
