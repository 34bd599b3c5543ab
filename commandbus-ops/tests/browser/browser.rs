//! A browser that looks at the pages.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::driver::{Driver, program};

/// Longer than any page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
    /// Where the pages are.
    base: String,
}

/// Whether pages may run their script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    Run,
    Blocked,
}

impl Browser {
    pub(crate) async fn at(base: &str) -> Self {
        Self::with(base, Scripts::Run).await
    }

    pub(crate) async fn with(base: &str, scripts: Scripts) -> Self {
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = tokio::task::spawn_blocking(Driver::start).await.unwrap();
        let profile = driver.folder.path().join("profile");
        let blocked = if scripts == Scripts::Blocked { 2 } else { 1 };
        let wanted = json!({
            "goog:chromeOptions": {
                "binary": chromium,
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900",
                    format!("--user-data-dir={}", profile.display()),
                ],
                "prefs": { "profile.managed_default_content_settings.javascript": blocked },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(wanted) = wanted else { unreachable!("it is written as one") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(wanted).connect(&driver.url).await.unwrap();
        Self { client, _driver: driver, base: base.to_owned() }
    }

    /// Goes to a page, as `commands?status=PENDING`, and waits until it is there.
    pub(crate) async fn open(&self, page: &str) {
        self.client.goto(&format!("{}/{page}", self.base)).await.unwrap();
    }

    /// The first element that is so described, waited for.
    pub(crate) async fn find(&self, css: &str) -> Element {
        self.the(Locator::Css(css)).await
    }

    /// The button, or what looks like one, that says so.
    pub(crate) async fn button(&self, text: &str) -> Element {
        let xpath = format!("//button[normalize-space()='{text}'] | //a[normalize-space()='{text}']");
        self.the(Locator::XPath(&xpath)).await
    }

    async fn the(&self, locator: Locator<'_>) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(locator).await {
            Ok(element) => element,
            Err(error) => panic!("{locator:?} is not on the page: {error}\n{}", self.text().await),
        }
    }

    /// What a person reads.
    pub(crate) async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            // Between two pages.
            Err(_) => String::new(),
        }
    }

    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.base).unwrap_or_else(|| panic!("{url} is somewhere else")).to_owned()
    }

    /// Waits until the page says so, by itself.
    pub(crate) async fn until_it_says(&self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text().await;
            if text.contains(wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "`{wanted}` is not on the page:\n{text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks on the button, or the link, that says so.
    pub(crate) async fn click(&self, text: &str) {
        self.button(text).await.click().await.unwrap();
    }

    pub(crate) async fn press(&self, key: Key) {
        self.client.active_element().await.unwrap().send_keys(&String::from(char::from(key))).await.unwrap();
    }

    /// Writes into what has the focus.
    pub(crate) async fn write(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    pub(crate) async fn until_path_ends(&self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.path().await.ends_with(wanted) {
            assert!(Instant::now() < deadline, "{} does not end with {wanted}", self.path().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As on a screen of this size.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// As somebody who wants it dark, or light.
    pub(crate) async fn prefer(&self, scheme: &str) {
        // Without motion: else a colour is judged on its way to another.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// What the console says is wrong, violations of the policy among it, since the last time it was asked.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let said = self.issue("se/log", json!({ "type": "browser" })).await;
        let entries = said.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG")
            .map(Value::to_string)
            .collect()
    }

    pub(crate) async fn assert_no_complaints(&self, page: &str) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }

    /// Keeps what is seen in `target/screenshots/`.
    pub(crate) async fn keep(&self, name: &str) -> Vec<u8> {
        let shot = json!({ "format": "png", "captureBeyondViewport": false });
        let taken = self.devtools("Page.captureScreenshot", shot).await;
        let image = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        let folder = target().join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), &image).unwrap();
        image
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.issue("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(OfChromium { path, body }).await.unwrap()
    }
}

/// Where cargo puts what it makes.
fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// What only the driver of Chromium knows.
#[derive(Debug)]
struct OfChromium {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for OfChromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
