//! Who asks, and what they may do.

use std::{fmt, ops::BitOr};

use async_trait::async_trait;
use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use subtle::{Choice, ConstantTimeEq};

/// Makes a browser ask for a name and a password.
const BASIC: &str = "Basic realm=\"commandbus\", charset=\"UTF-8\"";

/// What somebody may do.
///
/// ```
/// use commandbus_ops::Rights;
///
/// let rights = Rights::VIEW | Rights::OPERATE;
/// assert!(rights.include(Rights::VIEW) && !rights.include(Rights::SEND));
/// assert_eq!(Rights::parse("view, operate"), Ok(rights));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rights(u8);

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Look.
    pub const VIEW: Self = Self(1);
    /// Use the verbs of operators.
    pub const OPERATE: Self = Self(2);
    /// Send commands and start processes.
    pub const SEND: Self = Self(4);
    /// All of these.
    pub const ALL: Self = Self(7);

    /// Whether all of `others` are among them.
    pub const fn include(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those that both have.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Reads `view`, `operate`, `send`, separated by commas; `all` is all of them.
    ///
    /// # Errors
    ///
    /// The word that is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(',').try_fold(Self::NONE, |rights, word| match word.trim() {
            "view" => Ok(rights | Self::VIEW),
            "operate" => Ok(rights | Self::OPERATE),
            "send" => Ok(rights | Self::SEND),
            "all" => Ok(Self::ALL),
            other => Err(format!("`{other}` is no right: write `view`, `operate`, `send` or `all`")),
        })
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        let all = [(Self::VIEW, "view"), (Self::OPERATE, "operate"), (Self::SEND, "send")];
        all.into_iter().filter(|(right, _)| self.include(*right)).map(|(_, name)| name).collect()
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that the audit trail keeps.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
}

impl Caller {
    /// Somebody of this name, with these rights.
    pub fn new(name: impl Into<String>, rights: Rights) -> Self {
        Self { name: name.into(), rights }
    }
}

/// Says who asks. Rights are checked by the API itself; this only tells them.
///
/// ```
/// use async_trait::async_trait;
/// use axum::http::request::Parts;
/// use commandbus_ops::{Access, Caller, Rights};
///
/// /// What a proxy in front has found out, and says in a header that nobody else can set.
/// struct BehindProxy;
///
/// #[async_trait]
/// impl Access for BehindProxy {
///     async fn caller(&self, request: &Parts) -> Option<Caller> {
///         let name = request.headers.get("x-forwarded-user")?.to_str().ok()?;
///         Some(Caller::new(name, Rights::VIEW | Rights::OPERATE))
///     }
/// }
/// ```
#[async_trait]
pub trait Access: Send + Sync + 'static {
    /// Who made this request; `None` when it does not say so, or not truly.
    async fn caller(&self, request: &Parts) -> Option<Caller>;

    /// What to ask a browser for, as in `WWW-Authenticate`.
    fn challenge(&self) -> Option<&'static str> {
        None
    }

    /// What to ask a browser for on a page: that what a person can type.
    fn browser_challenge(&self) -> Option<&'static str> {
        self.challenge()
    }

    /// Whether it knows callers apart. One that does not may only be reached from the machine itself.
    fn authenticates(&self) -> bool {
        true
    }
}

/// Bearer tokens: `Authorization: Bearer ..`. Browsers, which cannot be told to show one, may send it as the password of
/// any name: `Authorization: Basic ..`.
///
/// ```
/// use commandbus_ops::{Rights, Tokens};
///
/// # fn access() -> Result<Tokens, std::env::VarError> {
/// let olga = std::env::var("OLGAS_TOKEN")?;
/// Ok(Tokens::new().with("olga", &olga, Rights::VIEW | Rights::OPERATE))
/// # }
/// ```
#[derive(Default)]
pub struct Tokens {
    known: Vec<(String, Caller)>,
}

impl Tokens {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whoever shows this token is that one. An empty token is nobody's.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, token: &str, rights: Rights) -> Self {
        if !token.is_empty() {
            self.known.push((token.to_owned(), Caller::new(name, rights)));
        }
        self
    }
}

#[async_trait]
impl Access for Tokens {
    async fn caller(&self, request: &Parts) -> Option<Caller> {
        let given = match credentials(&request.headers, "Bearer") {
            Some(token) => token.to_owned(),
            None => basic(&request.headers)?.split_once(':')?.1.to_owned(),
        };
        pick(self.known.iter().map(|(token, caller)| (same(token, &given), caller)))
    }

    fn challenge(&self) -> Option<&'static str> {
        Some("Bearer realm=\"commandbus\"")
    }

    fn browser_challenge(&self) -> Option<&'static str> {
        Some(BASIC)
    }
}

/// Names and passwords, which browsers ask for: `Authorization: Basic ..`. Only behind TLS, or on the machine itself.
#[derive(Default)]
pub struct Passwords {
    known: Vec<(String, Caller)>,
}

impl Passwords {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody of this name and password. An empty password is nobody's.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, password: &str, rights: Rights) -> Self {
        let caller = Caller::new(name, rights);
        if !password.is_empty() {
            self.known.push((format!("{}:{password}", caller.name), caller));
        }
        self
    }
}

#[async_trait]
impl Access for Passwords {
    async fn caller(&self, request: &Parts) -> Option<Caller> {
        let given = basic(&request.headers)?;
        pick(self.known.iter().map(|(pair, caller)| (same(pair, &given), caller)))
    }

    fn challenge(&self) -> Option<&'static str> {
        Some(BASIC)
    }
}

/// Everybody is the same one, as on one's own machine.
#[derive(Debug, Clone)]
pub struct Anybody(Caller);

impl Anybody {
    /// Everybody acts in this name.
    pub fn named(name: impl Into<String>, rights: Rights) -> Self {
        Self(Caller::new(name, rights))
    }
}

#[async_trait]
impl Access for Anybody {
    async fn caller(&self, _request: &Parts) -> Option<Caller> {
        Some(self.0.clone())
    }

    fn authenticates(&self) -> bool {
        false
    }
}

/// The program that mounts the router knows: a layer of its own puts a [`Caller`] into the extensions of the request.
///
/// ```
/// use axum::{Router, extract::Request, middleware::{self, Next}, response::Response};
/// use commandbus_ops::{Caller, HostApp, Options, Rights, router};
///
/// async fn identify(mut request: Request, next: Next) -> Response {
///     // Whatever your login knows about this request.
///     request.extensions_mut().insert(Caller::new("olga", Rights::VIEW | Rights::OPERATE));
///     next.run(request).await
/// }
///
/// # fn mount(bus: commandbus::bus::Bus) -> Router {
/// Router::new().nest("/ops", router(bus, Options::new(HostApp).writable())).layer(middleware::from_fn(identify))
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct HostApp;

#[async_trait]
impl Access for HostApp {
    async fn caller(&self, request: &Parts) -> Option<Caller> {
        request.extensions.get::<Caller>().cloned()
    }
}

/// What follows the scheme in the `Authorization` header.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// A name and a password with a colon between them.
fn basic(headers: &HeaderMap) -> Option<String> {
    String::from_utf8(STANDARD.decode(credentials(headers, "Basic")?).ok()?).ok()
}

/// Compares in a time that does not tell how much of it was right.
fn same(secret: &str, given: &str) -> Choice {
    secret.as_bytes().ct_eq(given.as_bytes())
}

/// The one that fits. All are compared, so that the time does not tell which it was.
fn pick<'a>(compared: impl Iterator<Item = (Choice, &'a Caller)>) -> Option<Caller> {
    let fits = |found: Option<&'a Caller>, (fits, caller): (Choice, &'a Caller)| {
        if bool::from(fits) { Some(caller) } else { found }
    };
    compared.fold(None, fits).cloned()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn request(authorization: Option<&str>) -> Parts {
        let mut request = Request::builder();
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    async fn name(access: &impl Access, authorization: Option<&str>) -> Option<String> {
        access.caller(&request(authorization)).await.map(|caller| caller.name)
    }

    #[tokio::test]
    async fn a_token_names_its_owner_and_any_other_names_nobody() {
        let tokens =
            Tokens::new().with("ada", "one", Rights::VIEW).with("bob", "two", Rights::ALL).with("eve", "", Rights::ALL);
        assert_eq!(name(&tokens, Some("Bearer one")).await.as_deref(), Some("ada"));
        assert_eq!(name(&tokens, Some("bearer two")).await.as_deref(), Some("bob"));
        for wrong in [None, Some("Bearer three"), Some("Bearer "), Some("Bearer"), Some("Basic one"), Some("one")] {
            assert_eq!(name(&tokens, wrong).await, None, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_browser_sends_a_token_as_a_password() {
        let tokens = Tokens::new().with("ada", "one", Rights::VIEW);
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(name(&tokens, Some(&basic("whoever:one"))).await.as_deref(), Some("ada"));
        assert_eq!(name(&tokens, Some(&basic(":one"))).await.as_deref(), Some("ada"));
        for wrong in [basic("one:"), basic("one"), basic("ada:two"), "Basic one".to_owned()] {
            assert_eq!(name(&tokens, Some(&wrong)).await, None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_password_is_that_of_its_name() {
        let passwords = Passwords::new().with("ada", "secret", Rights::VIEW).with("eve", "", Rights::ALL);
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(name(&passwords, Some(&basic("ada:secret"))).await.as_deref(), Some("ada"));
        for wrong in [basic("ada:wrong"), basic("bob:secret"), basic("eve:"), "Basic ???".to_owned()] {
            assert_eq!(name(&passwords, Some(&wrong)).await, None, "{wrong}");
        }
    }

    #[test]
    fn rights_are_read_as_words() {
        assert_eq!(Rights::parse("view, operate"), Ok(Rights::VIEW | Rights::OPERATE));
        assert_eq!(Rights::parse("all"), Ok(Rights::ALL));
        assert!(Rights::parse("view,admin").unwrap_err().contains("`admin` is no right"));
        assert!(!Rights::VIEW.include(Rights::OPERATE) && Rights::ALL.include(Rights::SEND));
    }
}
