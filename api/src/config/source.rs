//! Where the configuration comes from: layers, and the name of each in a sentence.

use std::path::Path;

use figment::error::Result as FigmentResult;
use figment::providers::{Format, Toml};
use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};

use super::{DEFAULTS, FILE};
use demarche_core::error::{Error, Result};

const PREFIX: &str = "DEMARCHE_";
/// Variables that begin with the prefix but are no keys: those of the test harness, and the password of `account create`.
const NOT_KEYS: [&str; 2] = ["TEST_", "PASSWORD"];

/// One key set from outside any file.
#[derive(Clone)]
pub struct Setting {
    key: String,
    value: String,
    /// Where it comes from, in a sentence.
    source: String,
}

impl Setting {
    /// `key` is a path joined by dots; `source` says where the value comes from.
    pub fn new(key: &str, value: impl Into<String>, source: &str) -> Self {
        Self { key: key.to_owned(), value: value.into(), source: source.to_owned() }
    }

    /// A variable of the environment, if it is a key of ours.
    fn from_variable(name: &str, value: String) -> Option<Self> {
        let key = name.strip_prefix(PREFIX)?;
        if NOT_KEYS.iter().any(|other| key.starts_with(other)) {
            return None;
        }
        let key = key.to_ascii_lowercase().replace("__", ".");
        Some(Self { key, value, source: format!("the environment variable {name}") })
    }
}

impl Provider for Setting {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> FigmentResult<Map<Profile, Dict>> {
        // Always a text, so that a secret made of digits is not taken for a number; numbers are read from it on demand.
        let nested = nest(&self.key, Value::from(self.value.clone()));
        Ok(Map::from([(Profile::Default, nested.into_dict().unwrap_or_default())]))
    }
}

/// The defaults, with a name of their own.
struct Defaults;

impl Provider for Defaults {
    fn metadata(&self) -> Metadata {
        Metadata::named("the defaults")
    }

    fn data(&self) -> FigmentResult<Map<Profile, Dict>> {
        Toml::string(DEFAULTS).data()
    }
}

/// All layers, later ones on top.
pub(super) fn layers(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    settings: impl IntoIterator<Item = Setting>,
) -> Result<Figment> {
    let mut figment = Figment::from(Defaults);
    if let Some(file) = file.or_else(|| Some(Path::new(FILE)).filter(|file| file.exists())) {
        // figment takes a file that is not there for an empty one.
        std::fs::File::open(file)
            .map_err(|cause| Error::BadInput(format!("cannot read the configuration {}: {cause}", file.display())))?;
        figment = figment.merge(Toml::file_exact(file));
    }
    let variables = environment.into_iter().filter_map(|(name, value)| Setting::from_variable(&name, value));
    Ok(variables.chain(settings).fold(figment, Figment::merge))
}

/// Where the value of a key comes from.
pub(super) fn of(figment: &Figment, key: &str) -> String {
    figment.find_metadata(key).map_or_else(|| "not set".to_owned(), name)
}

/// A layer in a sentence.
pub(super) fn name(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(Source::File(path)) => format!("from {}", path.display()),
        _ => format!("from {}", metadata.name),
    }
}

/// A value as a whole number, also where it is a text of digits.
pub(super) fn whole(value: &Value) -> Option<i128> {
    let number = value.to_num_lossy()?;
    number.to_i128().or_else(|| number.to_u128().and_then(|number| i128::try_from(number).ok()))
}

/// A value in a sentence.
pub(super) fn shown(value: &Value) -> String {
    const SHOWN_MAX: usize = 40;
    let text = value.as_str().map_or_else(|| plain(value), |text| format!("{text:?}"));
    text.chars().take(SHOWN_MAX).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Num(_, number) => match (whole(value), number.to_f64()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => "a number".to_owned(),
        },
        Value::Bool(_, value) => value.to_string(),
        Value::Array(..) => "an array".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        _ => "a value".to_owned(),
    }
}
