//! The mistakes that the reader and the resolution report under an id of their own.

use skep_manifest::problem::Severity;

/// A kind of mistake, as the reference page lists it.
pub(crate) struct Mistake {
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    pub(crate) summary: &'static str,
}

const fn error(id: &'static str, summary: &'static str) -> Mistake {
    Mistake {
        id,
        severity: Severity::Error,
        summary,
    }
}

const fn warning(id: &'static str, summary: &'static str) -> Mistake {
    Mistake {
        id,
        severity: Severity::Warning,
        summary,
    }
}

/// All of them, by their ids.
pub(crate) const ALL: &[Mistake] = &[
    error(
        "ambiguous-number",
        "A number that readers of YAML understand differently, such as `0440`; it is written in quotes or without leading zeros.",
    ),
    error("complex-key", "A key that is a list or a map."),
    error(
        "compose-unsupported",
        "A key of a compose file that a swarm cannot honour; a comment may suppress it, and then it counts for nothing.",
    ),
    error("conflicting-fields", "Two fields that exclude each other."),
    error("duplicate-key", "A key that is given twice in one map."),
    error("duplicate-key-id", "Two keys of `hmac` with the same id."),
    error(
        "duplicate-member",
        "A node that is a member of a group twice.",
    ),
    error("duplicate-mount", "Two mounts at one place of a container."),
    error(
        "duplicate-node",
        "A node that is listed in the `Swarm` twice.",
    ),
    error("duplicate-object", "Two objects of the same kind and name."),
    error(
        "duplicate-port",
        "A port that is published twice where only one can have it.",
    ),
    error(
        "duplicate-registry",
        "A registry that is listed in the `Swarm` twice.",
    ),
    error("duplicate-swarm", "More than one `Swarm`."),
    warning(
        "empty-value",
        "A key without a value, where that counts as if the key were not there.",
    ),
    warning(
        "malformed-suppression",
        "A comment that begins with `skep:` and is no suppression.",
    ),
    error("invalid-utf-8", "Bytes that are no UTF-8."),
    error(
        "gateway-outside-subnet",
        "A network's gateway that is not in its subnet.",
    ),
    error(
        "impossible-content",
        "A config or secret that is empty, too large, or nowhere but on a node.",
    ),
    error(
        "local-network",
        "A network of a driver whose networks end at the node.",
    ),
    error(
        "merge-key",
        "The merge key `<<`, which is not part of YAML 1.2.",
    ),
    error(
        "missing-choice",
        "None of several fields of which one must be given.",
    ),
    error("missing-field", "A field that must be given and is not."),
    error(
        "needs-swarm",
        "A kind or field that works with a `Swarm` only, in a set without one.",
    ),
    error(
        "not-in-version",
        "Something that the group's version of VRRP cannot express.",
    ),
    error(
        "out-of-range",
        "A number or length outside of what is allowed.",
    ),
    error(
        "partial-priorities",
        "Members with and without a priority in one group.",
    ),
    error(
        "predefined-network",
        "A network with the name of one that every engine has.",
    ),
    error(
        "recursive-alias",
        "A YAML alias inside of what it stands for.",
    ),
    error("syntax", "Text that is no YAML."),
    error(
        "too-few-entries",
        "A list with fewer entries than it must have.",
    ),
    error(
        "too-large",
        "A file, document or value beyond the reader's limits.",
    ),
    error(
        "too-many-entries",
        "A list with more entries than it may have.",
    ),
    error(
        "too-many-problems",
        "More mistakes than are worth listing; the rest is not shown.",
    ),
    error("unknown-anchor", "A YAML alias without an anchor."),
    error("unknown-field", "A field that the language does not have."),
    error("unknown-kind", "A kind that the language does not have."),
    error("unknown-value", "A word that is none of those allowed."),
    error(
        "unresolved-reference",
        "The name of an object or node that is declared nowhere.",
    ),
    error(
        "unread-file",
        "A file that a compose file refers to and that whoever submitted it did not read.",
    ),
    error(
        "unset-variable",
        "A variable of a compose file that the stack gives no value.",
    ),
    error("unsupported-tag", "A YAML tag such as `!!binary`."),
    error(
        "unusable-address-pool",
        "An address pool that no engine takes: of IPv6, too small for its networks, cut otherwise than the first one or inside of another one.",
    ),
    error("wrong-type", "A value of another type than the field has."),
    error(
        "wrong-value",
        "A text that is not what the field needs, such as an address or a duration.",
    ),
    warning(
        "yaml-1.1-boolean",
        "A bare `yes`, `no`, `on` or `off`: a text here, a boolean for tools that read YAML 1.1.",
    ),
];

/// The kind of mistake `id`.
pub(crate) fn find(id: &str) -> Option<&'static Mistake> {
    ALL.iter().find(|mistake| mistake.id == id)
}
