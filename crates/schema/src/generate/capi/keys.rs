//! What is different between lookups of texts and of numbers.

/// Words about keys that are texts.
pub(super) const TEXT_KEY: [(&str, &str); 9] = [
    ("@key_params@", "not empty, without NUL inside"),
    ("@bad_key@", "a @key@ that is not valid, NULL,"),
    ("@encode_keys@", include_str!("encode_texts.rs.in")),
    (
        "@read_key@",
        "let @key@ = unsafe { key::<@Kind@>(view.lookup_view(), index) }?;\nlet @key@ = nipc_str_view_t::of(@key@.as_bytes());",
    ),
    (
        "@request_errors@",
        "NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL",
    ),
    (
        "@call_keys@",
        "not empty, without NUL inside. They may be those of the last answer",
    ),
    (
        "@call_errors@",
        "; NIPC_ERR_INVALID_ARGUMENT for a @key@ that is not valid, before anything is sent",
    ),
    ("@read_keys@", "keys::paths(@keys@, count)"),
    ("@ask@", include_str!("ask_texts.rs.in")),
];

/// Words about keys that are numbers.
pub(super) const NUMBER_KEY: [(&str, &str); 9] = [
    ("@key_params@", "what is looked up. @key_about@"),
    ("@bad_key@", "NULL"),
    ("@encode_keys@", include_str!("encode_numbers.rs.in")),
    (
        "@read_key@",
        "let @Kind@Key(@key@) = unsafe { key::<@Kind@>(view.lookup_view(), index) }?;",
    ),
    ("@request_errors@", "or NIPC_ERR_OUT_OF_BOUNDS"),
    ("@call_keys@", "what is looked up. @key_about@"),
    ("@call_errors@", ""),
    ("@read_keys@", "elements(@keys@, count as usize)"),
    ("@ask@", include_str!("ask_numbers.rs.in")),
];
