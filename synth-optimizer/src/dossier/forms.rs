//! The form of a table, by a name: `parquet`, `csv.gz`.

use std::path::Path;

use synth_core::schema::{Compression, Format, Source};

/// The names that `--format` takes.
pub const FORMS: [&str; 12] = [
    "csv",
    "csv.gz",
    "csv.zst",
    "tsv",
    "tsv.gz",
    "tsv.zst",
    "parquet",
    "parquet.gz",
    "parquet.zst",
    "arrow",
    "arrow.gz",
    "arrow.zst",
];

/// The form of `source`, changed to one of [`FORMS`].
pub fn in_form(form: Option<&str>, source: &Source) -> Source {
    match form {
        Some(form) => source_for(Path::new(&format!("table.{form}")), source),
        None => source.clone(),
    }
}

/// The form of `source`, changed to what the name of `path` says.
pub fn source_for(path: &Path, source: &Source) -> Source {
    let mut source = source.clone();
    let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_lowercase) else {
        return source;
    };
    let (name, compression) = match name.rsplit_once('.') {
        Some((name, "gz")) => (name, Compression::Gzip),
        Some((name, "zst")) => (name, Compression::Zstd),
        _ => (name.as_str(), Compression::None),
    };
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let format = match extension {
        Some("csv" | "tsv" | "txt" | "data") => Format::Csv,
        Some("parquet" | "pq") => Format::Parquet,
        Some("arrow" | "ipc" | "feather") => Format::Arrow,
        _ => return source,
    };
    let is_text = source.format == Format::Csv;
    match (extension, source.dialect.delimiter) {
        (Some("tsv"), _) => delimit(&mut source, '\t'),
        (Some("csv"), '\t') => delimit(&mut source, ','),
        _ if format == Format::Csv && !is_text => delimit(&mut source, ','),
        _ => {}
    }
    (source.format, source.compression) = (format, compression);
    source
}

fn delimit(source: &mut Source, delimiter: char) {
    let dialect = &mut source.dialect;
    if dialect.delimiter == delimiter {
        return;
    }
    dialect.delimiter = delimiter;
    dialect.space_after_delimiter = false;
    // A comma cannot be both.
    if delimiter == ',' {
        dialect.decimal = '.';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_form() {
        let source = Source::default();
        let of = |name: &str| source_for(Path::new(name), &source);
        assert_eq!((of("a.parquet").format, of("a.parquet").compression), (Format::Parquet, Compression::None));
        assert_eq!((of("a.csv.gz").format, of("a.csv.gz").compression), (Format::Csv, Compression::Gzip));
        assert_eq!(of("a"), source);
        let parquet = Source { format: Format::Parquet, ..Source::default() };
        assert_eq!(source_for(Path::new("a.TSV"), &parquet).dialect.delimiter, '\t');
    }

    #[test]
    fn every_form_has_its_own_extension() {
        let mut tabs = Source::default();
        tabs.dialect.delimiter = '\t';
        let parquet = Source { format: Format::Parquet, ..Source::default() };
        for form in FORMS {
            for source in [&Source::default(), &tabs, &parquet] {
                assert_eq!(in_form(Some(form), source).extension(), form);
            }
        }
        assert_eq!(in_form(None, &tabs), tabs);
    }

    #[test]
    fn the_dialect_is_kept_where_it_can_be() {
        let mut own = Source::default();
        (own.dialect.delimiter, own.dialect.decimal, own.dialect.crlf) = (';', ',', true);
        assert_eq!(in_form(Some("csv"), &own), own);
        let tabs = in_form(Some("tsv"), &own);
        assert_eq!((tabs.dialect.delimiter, tabs.dialect.decimal, tabs.dialect.crlf), ('\t', ',', true));
        // A decimal comma would look like the delimiter.
        assert_eq!(in_form(Some("csv"), &tabs).dialect.decimal, '.');
    }
}
