//! What is read from the sources beside what cbindgen reads: the errors and the layouts.

use std::path::Path;

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Item, Lit, LitInt, LitStr, Meta, Token, Visibility};

use crate::{Error, tool};

/// A named number of `codes!`.
pub(crate) struct Code {
    /// What it means.
    pub(crate) doc: String,
    /// The name of its constant.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: u16,
}

/// The size of a type and the offsets of its fields, as `layout!` has them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Layout {
    /// The type.
    pub(crate) name: String,
    /// Its size.
    pub(crate) size: usize,
    /// Fields with their offsets.
    pub(crate) fields: Vec<(String, usize)>,
}

/// Reads and parses a source.
pub(crate) fn parse(path: &Path) -> Result<syn::File, Error> {
    let text = tool::read(path)?;
    syn::parse_file(&text).map_err(|error| unexpected(path, &error))
}

/// The errors that every language shares.
pub(crate) fn errors(path: &Path) -> Result<Vec<Code>, Error> {
    let codes: Vec<Codes> = invocations(path, &parse(path)?.items, "codes")?;
    let errors = codes.into_iter().find(|codes| codes.name == "ErrorCode");
    errors
        .map(|codes| codes.values)
        .ok_or_else(|| Error::Source {
            path: path.into(),
            problem: "has no codes! of the name ErrorCode".into(),
        })
}

/// The layouts in the module `header` of a source.
pub(crate) fn layouts(path: &Path, header: &str) -> Result<Vec<Layout>, Error> {
    let file = parse(path)?;
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.ident == header => module.content.as_ref(),
        _ => None,
    });
    let mut layouts = Vec::new();
    for (_, items) in modules {
        layouts.extend(layouts_among(path, items)?);
    }
    Ok(layouts)
}

/// The layouts among `items` of a source.
pub(crate) fn layouts_among(path: &Path, items: &[Item]) -> Result<Vec<Layout>, Error> {
    let groups: Vec<Layouts> = invocations(path, items, "layout")?;
    Ok(groups.into_iter().flat_map(|group| group.0).collect())
}

/// The names and values of the variants of enums that C gets to see.
pub(crate) fn enum_values(file: &syn::File) -> Vec<(String, u64)> {
    let mut values = Vec::new();
    for item in &file.items {
        let Item::Enum(item) = item else { continue };
        let mut next = 0;
        for variant in &item.variants {
            if let Some((
                _,
                Expr::Lit(ExprLit {
                    lit: Lit::Int(value),
                    ..
                }),
            )) = &variant.discriminant
            {
                next = value.base10_parse().unwrap_or(next);
            }
            values.push((variant.ident.to_string(), next));
            next += 1;
        }
    }
    values.retain(|(name, _)| name.starts_with("NIPC_"));
    values
}

/// The names of the types that C gets to see.
pub(crate) fn types(file: &syn::File) -> Vec<String> {
    let name = |item: &Item| {
        let (visibility, ident) = match item {
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            _ => return None,
        };
        matches!(visibility, Visibility::Public(_)).then(|| ident.to_string())
    };
    let names = file.items.iter().filter_map(name);
    names.filter(|name| name.starts_with("nipc_")).collect()
}

/// `codes! { /// doc  pub struct Name { /// doc  VALUE = 1, "label"; } }`
struct Codes {
    name: Ident,
    values: Vec<Code>,
}

impl Parse for Codes {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        let body;
        syn::braced!(body in input);
        let values = Punctuated::<Code, Token![;]>::parse_terminated(&body)?;
        Ok(Self {
            name,
            values: values.into_iter().collect(),
        })
    }
}

impl Parse for Code {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let doc = doc(&Attribute::parse_outer(input)?);
        let name = input.parse::<Ident>()?.to_string();
        input.parse::<Token![=]>()?;
        let value = input.parse::<LitInt>()?.base10_parse()?;
        input.parse::<Token![,]>()?;
        input.parse::<LitStr>()?;
        Ok(Self { doc, name, value })
    }
}

/// `layout! { nipc_a_t: 16 { ptr: 0, len: 8 } nipc_b_t: 4 { n: 0 } }`
struct Layouts(Vec<Layout>);

impl Parse for Layouts {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut layouts = Vec::new();
        while !input.is_empty() {
            layouts.push(input.parse()?);
        }
        Ok(Self(layouts))
    }
}

impl Parse for Layout {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (name, size) = entry(input)?;
        let body;
        syn::braced!(body in input);
        let fields = Punctuated::<_, Token![,]>::parse_terminated_with(&body, entry)?;
        Ok(Self {
            name,
            size,
            fields: fields.into_iter().collect(),
        })
    }
}

/// `name: 8`
fn entry(input: ParseStream<'_>) -> syn::Result<(String, usize)> {
    let name = input.parse::<Ident>()?.to_string();
    input.parse::<Token![:]>()?;
    Ok((name, input.parse::<LitInt>()?.base10_parse()?))
}

/// What each `name! { ... }` of a source says.
fn invocations<T: Parse>(path: &Path, items: &[Item], name: &str) -> Result<Vec<T>, Error> {
    let bodies = items.iter().filter_map(|item| match item {
        Item::Macro(item)
            if item
                .mac
                .path
                .segments
                .last()
                .is_some_and(|s| s.ident == name) =>
        {
            Some(item.mac.parse_body())
        }
        _ => None,
    });
    bodies
        .collect::<syn::Result<_>>()
        .map_err(|error| unexpected(path, &error))
}

/// The text of documentation comments.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join(" ")
}

fn unexpected(path: &Path, error: &syn::Error) -> Error {
    Error::Source {
        path: path.into(),
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::NamedTempFile;

    use super::*;

    #[test]
    fn layouts_are_read() {
        let source = "mod service { layout! { nipc_c_t: 8 {} } }
            mod protocol { layout! { nipc_a_t: 16 { ptr: 0, len: 8, } nipc_b_t: 4 {} } }";
        let a = Layout {
            name: "nipc_a_t".into(),
            size: 16,
            fields: vec![("ptr".into(), 0), ("len".into(), 8)],
        };
        let b = Layout {
            name: "nipc_b_t".into(),
            size: 4,
            fields: vec![],
        };
        let file = written(source);
        assert_eq!(layouts(file.path(), "protocol").unwrap(), [a, b]);
    }

    #[test]
    fn only_public_types_of_the_library_count() {
        let source =
            "pub struct nipc_a_t; struct nipc_b_t; pub enum Other {} pub type nipc_f_fn = u8;";
        assert_eq!(
            types(&syn::parse_file(source).unwrap()),
            ["nipc_a_t", "nipc_f_fn"]
        );
    }

    #[test]
    fn malformed_layouts_name_their_file() {
        let file = written("mod protocol { layout! { nipc_a_t { ptr: 0 } } }");
        let error = layouts(file.path(), "protocol").unwrap_err().to_string();
        assert!(error.starts_with(file.path().to_str().unwrap()), "{error}");
    }

    fn written(text: &str) -> NamedTempFile {
        let file = NamedTempFile::new().expect("tests have a directory for temporary files");
        fs::write(file.path(), text).expect("the file was just made");
        file
    }
}
