//! Names of the schema in the habits of a language.

use crate::model::{Enum, Rule};

use crate::model::{Kind, Schema};

/// `ip-to-asn` as `ip_to_asn`: the module, the package or the file of a service.
pub(super) fn module(schema: &Schema) -> String {
    schema.name.replace('-', "_")
}

/// The name of a service without what its kind says: `cgroups` of `cgroups-snapshot`.
pub(super) fn stem(schema: &Schema) -> &str {
    match schema.kind {
        Kind::Snapshot(_) => schema.name.trim_end_matches("-snapshot"),
        _ => &schema.name,
    }
}

/// `ip-to-asn` as `IpToAsn`.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(['-', '_']) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// `unknown-retry-later` as `UNKNOWN_RETRY_LATER`.
pub(super) fn constant(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// `LookupStatus` as `lookup_status`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// What a status of the protocol's own means, which schemas do not say.
pub(super) fn meaning<'a>(name: &str, about: &'a str) -> &'a str {
    match (name, about) {
        ("payload-exceeded", "") => {
            "There was no room: clients ask again by themselves, and callers never see it."
        }
        ("oversized-item", "") => "No answer within the agreed limits can hold the item.",
        _ => about,
    }
}

/// A sentence that goes on behind a colon.
pub(super) fn lower_sentence(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    let second = letters.clone().next();
    match (first, second) {
        // An abbreviation stays as it is.
        (Some(_), Some(second)) if second.is_uppercase() => sentence.to_owned(),
        (Some(first), _) => first.to_lowercase().collect::<String>() + letters.as_str(),
        _ => String::new(),
    }
}

/// A rule in words: `known needs cgroup_path`.
pub(super) fn rule_in_words(rule: &Rule, names: &Enum) -> String {
    let number = rule.value.to_string();
    let value = names.name_of(rule.value).unwrap_or(&number);
    match (rule.set.join(", "), rule.unset.join(", ")) {
        (set, unset) if unset.is_empty() => format!("{value} needs {set}"),
        (set, unset) if set.is_empty() => format!("{value} goes without {unset}"),
        (set, unset) => format!("{value} needs {set}, and goes without {unset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_habits_of_languages() {
        assert_eq!(camel("ip-to-asn"), "IpToAsn");
        assert_eq!(camel("bytes_received"), "BytesReceived");
        assert_eq!(snake("LookupStatus"), "lookup_status");
        assert_eq!(constant("unknown-retry-later"), "UNKNOWN_RETRY_LATER");
    }
}
