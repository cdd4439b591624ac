//! How one setting is read from text, and the macro that declares settings.

use std::{collections::HashMap, fmt, path::PathBuf, str::FromStr};

use ipnet::IpNet;

use crate::limits::Rate;

/// What is known of one environment variable: enough to document it and to print it masked.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The heading under which it is documented.
    pub section: &'static str,
    /// Its name, and after it the older names that are still accepted.
    pub names: &'static [&'static str],
    /// The text used when it is not set.
    pub default: &'static str,
    /// What it means, in a sentence or two.
    pub doc: &'static str,
    /// What kind of text it takes: "number", "true or false", …
    pub kind: &'static str,
    /// How its value is shown to operators.
    pub mask: Mask,
}

impl Variable {
    /// The name to use in messages and documents.
    pub fn name(&self) -> &'static str {
        self.names[0]
    }
}

/// How much of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// All of it.
    Nothing,
    /// All but the password of a connection URL.
    Password,
    /// Only whether it is set.
    Everything,
}

impl Mask {
    /// The text to show for a value.
    pub fn show(self, text: &str) -> String {
        match self {
            Mask::Nothing => text.to_owned(),
            _ if text.is_empty() => String::new(),
            Mask::Everything => "********".to_owned(),
            Mask::Password => ConnectionUrl(text.to_owned()).to_string(),
        }
    }
}

/// A value that can be read from the text of an environment variable.
pub trait Setting: Sized {
    /// What kind of text it takes, for the documentation.
    const KIND: &'static str;
    /// Whether a variable that is set to nothing means something, or the same as one that is not set.
    const BLANK_IS_VALUE: bool = false;
    /// How much of it may be shown.
    const MASK: Mask = Mask::Nothing;
    /// Reads the trimmed text; the error completes the sentence "NAME …".
    fn parse(text: &str) -> Result<Self, String>;
}

macro_rules! number_setting {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            const KIND: &'static str = "number";
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("must be a whole number from {} to {}; got {text:?}", <$type>::MIN, <$type>::MAX))
            }
        }
    )*};
}
number_setting!(u8, u16, u32, u64, i64, usize);

impl Setting for bool {
    const KIND: &'static str = "true or false";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.eq_ignore_ascii_case("true"))
    }
}

impl Setting for String {
    const KIND: &'static str = "text";
    const BLANK_IS_VALUE: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "path";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(PathBuf::from(text))
    }
}

impl Setting for IpNet {
    const KIND: &'static str = "network";
    fn parse(text: &str) -> Result<Self, String> {
        IpNet::from_str(text)
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map_err(|_| format!("must hold addresses or networks such as 10.0.0.0/8; got {text:?}"))
    }
}

impl<T: Setting> Setting for Vec<T> {
    const KIND: &'static str = "comma-separated list";
    const BLANK_IS_VALUE: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::parse)
            .collect()
    }
}

impl<T: Setting> Setting for Option<T> {
    const KIND: &'static str = T::KIND;
    const BLANK_IS_VALUE: bool = true;
    const MASK: Mask = T::MASK;
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::parse(text).map(Some)
        }
    }
}

impl Setting for Rate {
    const KIND: &'static str = "rate such as 120/min (blank: no limit)";
    fn parse(text: &str) -> Result<Self, String> {
        match Rate::parse(text) {
            Ok(Some(rate)) => Ok(rate),
            Ok(None) => Err("must be a rate such as 120/min".to_owned()),
            Err(error) => Err(format!("must be a rate such as 120/min: {error}")),
        }
    }
}

/// Gives an enum of named alternatives (its strum names) as a setting.
#[macro_export]
macro_rules! choice_setting {
    ($type:ty) => {
        impl $crate::config::Setting for $type {
            const KIND: &'static str = "choice";
            fn parse(text: &str) -> Result<Self, String> {
                <$type as std::str::FromStr>::from_str(text).map_err(|_| {
                    let known: Vec<&str> = <$type as strum::VariantNames>::VARIANTS.to_vec();
                    format!("must be one of ['{}']; got '{text}'.", known.join("', '"))
                })
            }
        }
    };
}

/// A value that must not appear in logs, errors or `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl Setting for Secret {
    const KIND: &'static str = "secret";
    const BLANK_IS_VALUE: bool = true;
    const MASK: Mask = Mask::Everything;
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}

/// The URL of a database or of Redis; shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// Wraps a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, password and all.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The host that it names, if any.
    pub fn host(&self) -> Option<String> {
        url::Url::parse(&self.0)
            .ok()?
            .host_str()
            .map(|host| host.trim_matches(['[', ']']).to_owned())
    }

    /// Whether it names this machine.
    pub fn is_local(&self) -> bool {
        self.host()
            .is_some_and(|host| ["localhost", "127.0.0.1", "::1"].contains(&host.as_str()))
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match url::Url::parse(&self.0) {
            Ok(mut url) => {
                if url.password().is_some() {
                    // Cannot fail: a URL that has a password can have another.
                    let _ = url.set_password(Some("********"));
                }
                f.write_str(url.as_str())
            }
            Err(_) => f.write_str("********"),
        }
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Setting for ConnectionUrl {
    const KIND: &'static str = "URL";
    const MASK: Mask = Mask::Password;
    fn parse(text: &str) -> Result<Self, String> {
        if text.split_once("://").is_none() {
            return Err("must be a URL such as scheme://host/path".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// The variables of the process, as they were at its start.
#[derive(Clone, Default)]
pub struct Environment {
    values: HashMap<String, String>,
}

impl Environment {
    /// The environment of the process, and `.env` of the working folder for what it does not set.
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let mut values: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        if let Ok(file) = dotenvy::dotenv_iter() {
            for (name, value) in file.flatten() {
                values.entry(name).or_insert(value);
            }
        }
        Self { values }
    }

    /// Adds or replaces a variable: for tests and for command-line options that stand for one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// The trimmed text of the first of these names that is set, with the name it was found under.
    pub fn get(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.values.get(*name)?.trim())))
    }

    /// The trimmed text of a variable, or nothing when it is not set.
    pub fn text(&self, name: &'static str) -> &str {
        self.get(&[name]).map_or("", |(_, text)| text)
    }

    /// Reads one setting; what is wrong with it is added to `problems`.
    pub fn read<T: Setting>(&self, variable: &Variable, problems: &mut Vec<String>) -> Option<T> {
        let found = self
            .get(variable.names)
            .filter(|(_, text)| T::BLANK_IS_VALUE || !text.is_empty());
        let (name, text) = found.unwrap_or((variable.name(), variable.default));
        T::parse(text)
            .map_err(|wrong| problems.push(format!("{name} {wrong}")))
            .ok()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// A group of settings as a domain declares them with [`settings!`](crate::settings).
pub trait Section: Sized + Send + Sync + 'static {
    /// Its variables, in the order of declaration.
    const VARIABLES: &'static [Variable];
    /// Reads all of them; `None` if any is invalid, with the reasons added to `problems`.
    fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self>;
}

/// Declares a struct of settings: each field once, with its variable (and its older names), default and documentation.
///
/// ```ignore
/// platform::settings! {
///     /// Throttles of sign-in.
///     pub struct SignIn, "Sign-in" {
///         /// Sign-in requests per second and address.
///         per_address: i64 = ["AUTH_RPS_IP"] or "5",
///     }
/// }
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, $section:literal {
            $( #[doc = $doc:literal] $(#[doc = $more:literal])* $field:ident : $type:ty = [$($var:literal),+] or $default:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $( #[doc = $doc] $(#[doc = $more])* pub $field: $type, )+
        }

        impl $crate::config::Section for $name {
            const VARIABLES: &'static [$crate::config::Variable] = &[
                $( $crate::config::Variable {
                    section: $section,
                    names: &[$($var),+],
                    default: $default,
                    doc: concat!($doc $(, $more)*),
                    kind: <$type as $crate::config::Setting>::KIND,
                    mask: <$type as $crate::config::Setting>::MASK,
                }, )+
            ];

            fn read(environment: &$crate::config::Environment, problems: &mut Vec<String>) -> Option<Self> {
                let mut variables = Self::VARIABLES.iter();
                // Every field is read before any is missed: all problems are reported at once.
                $( let $field = variables.next().and_then(|variable| environment.read::<$type>(variable, problems)); )+
                Some(Self { $( $field: $field?, )+ })
            }
        }
    };
}
