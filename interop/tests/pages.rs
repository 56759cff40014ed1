//! What the pages about Level 1 and about moving to this library show is in files that are compiled and
//! run: each listing names its file, or a region of it, and is equal to that.

use std::fs;
use std::path::Path;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PAGES: [&str; 3] = ["docs/level1.md", "docs/migrate.md", "docs/integrate.md"];
/// What compilers read. Other blocks are drawings, commands and their output.
const LANGUAGES: [&str; 3] = ["rust", "c", "go"];

/// A block of code, and the line above it.
struct Listing {
    source: String,
    text: String,
}

#[test]
fn every_listing_is_what_its_file_says() {
    let mut listings = 0;
    for page in PAGES {
        for listing in listings_of(page) {
            listings += 1;
            let named = listing.source.strip_prefix("<!-- ");
            let named = named.and_then(|rest| rest.strip_suffix(" -->"));
            let named = named.unwrap_or_else(|| {
                panic!("{page}: a listing under '{}' names no file", listing.source)
            });
            assert_eq!(listing.text, part(named), "{page}: {named} says otherwise");
        }
    }
    assert!(listings >= 10, "there are {listings} listings");
}

/// Names of files in the pages, in backquotes or links, are those of files.
#[test]
fn every_file_that_is_named_is_there() {
    let mut files = 0;
    for page in PAGES {
        let text = read(page);
        let words = text.split(['`', '(', ')', ' ', '\n', ':']);
        for word in words {
            let rooted = ["crates/", "go/", "interop/", "docs/"];
            if rooted.iter().any(|root| word.starts_with(root)) && word.contains('.') {
                files += 1;
                let path = Path::new(REPOSITORY).join(word.trim_end_matches([',', '.', ';']));
                assert!(path.exists(), "{page} names {word}, which is not there");
            }
        }
    }
    assert!(files >= 10, "there are {files} names of files");
}

fn listings_of(page: &str) -> Vec<Listing> {
    let text = read(page);
    let mut listings = Vec::new();
    let mut above = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if LANGUAGES.contains(&language) {
                listings.push(Listing {
                    source: above.to_owned(),
                    text: block.join("\n"),
                });
            }
        }
        above = line;
    }
    listings
}

/// A file, or the region of it that is named behind a colon, without its indentation.
fn part(named: &str) -> String {
    let Some((file, region)) = named.split_once(": ") else {
        return read(named).trim_end().to_owned();
    };
    let text = read(file);
    let begin = format!("// region {region}");
    let lines = text.lines().skip_while(|line| line.trim() != begin).skip(1);
    let lines: Vec<&str> = lines
        .take_while(|line| line.trim() != "// endregion")
        .collect();
    assert!(!lines.is_empty(), "{file} has no region {region}");
    let indented = lines.iter().filter(|line| !line.is_empty());
    let indented = indented.map(|line| line.len() - line.trim_start().len());
    let indent = indented.min().unwrap_or(0);
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or(""))
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn read(file: &str) -> String {
    let path = Path::new(REPOSITORY).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
