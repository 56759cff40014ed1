//! Names of the schema in the habits of a language.

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
