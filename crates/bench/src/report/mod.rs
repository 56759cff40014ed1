//! A page of Markdown with plots.
