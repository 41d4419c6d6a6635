//! Signing in to the console by OpenID Connect: what no browser can show. The provider here signs whatever a test wants, rightly or not;
//! `tests/browser/openid.test.js` has a real one.

use crate::console::{Browser, account, location, store};
use crate::handoff::queue;
use crate::support::{Server, fresh};
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use neuvo::config::{Config, RoleOf};
use neuvo::domain::Role;
use neuvo::store::Store;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;

const CLIENT: &str = "neuvo";
const SECRET: &str = "a secret of 32 characters or more";
const HOME: &str = "https://bot.example.fi";

/// How the provider answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// A key that is not published, under the id of the one that is.
    StrangeKey,
    /// No signature, and it says so.
    Unsigned,
    /// The client's secret as a key.
    Shared,
    /// No ID token.
    NoToken,
    /// More than anybody would read.
    Endless,
    /// Elsewhere.
    Moved,
    /// Another provider's document.
    StrangeDocument,
    /// Somebody else's user info.
    StrangeUser,
}

/// A provider that holds what a test says.
#[derive(Clone)]
struct Provider {
    url: String,
    fault: Arc<Mutex<Fault>>,
    /// Claims that are written over those of a right ID token; null takes one away.
    claims: Arc<Mutex<Value>>,
    user: Arc<Mutex<Value>>,
    /// Codes with the nonce and the challenge of their request.
    codes: Arc<Mutex<HashMap<String, (String, String)>>>,
    /// What the token endpoint was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

fn key(byte: u8) -> CoreEdDsaPrivateSigningKey {
    // PKCS #8 of an Ed25519 key.
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let der = [head.as_slice(), &[byte; 32]].concat();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64_STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new("one".to_owned()))).unwrap()
}

fn hash(text: &str) -> String {
    BASE64.encode(Sha256::digest(text))
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            fault: Arc::default(),
            claims: Arc::new(Mutex::new(json!({}))),
            user: Arc::new(Mutex::new(json!({"sub": "1234"}))),
            codes: Arc::default(),
            asked: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/jwks", get(async || Json(json!({"keys": [key(1).as_verification_key()]}))))
            .route("/token", post(token))
            .route("/user", get(user))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn say(&self, claims: Value) {
        *self.claims.lock().unwrap() = claims;
    }

    fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn fails(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    /// What the person's browser does at the provider: gives the address to come back to.
    fn agree(&self, address: &str) -> String {
        let asked = parameters(address);
        let code = hash(&asked["state"]);
        let granted = (asked["nonce"].clone(), asked["code_challenge"].clone());
        self.codes.lock().unwrap().insert(code.clone(), granted);
        format!("/console/openid/return?code={code}&state={}&iss={}", asked["state"], encode(&self.url))
    }

    #[expect(clippy::disallowed_methods, reason = "tokens expire")]
    fn id_token(&self, nonce: &str, access_token: &str) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.url, "sub": "1234", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce,
            "given_name": "Aino", "preferred_username": "aino", "groups": ["all", "chat-experts"],
            "at_hash": BASE64.encode(&sha2::Sha512::digest(access_token)[..32]),
        });
        for (name, value) in self.claims.lock().unwrap().as_object().unwrap() {
            // Times are told by their distance from now.
            claims[name] = if ["exp", "iat"].contains(&name.as_str()) {
                json!(now + value.as_i64().unwrap())
            } else {
                value.clone()
            };
        }
        let algorithm = match self.fails() {
            Fault::Unsigned => "none",
            Fault::Shared => "HS256",
            _ => "EdDSA",
        };
        let head = json!({"alg": algorithm, "typ": "JWT", "kid": "one"});
        let signed = format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(claims.to_string()));
        let sign =
            |key: CoreEdDsaPrivateSigningKey| key.sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
        let signature = match self.fails() {
            Fault::Unsigned => Vec::new(),
            Fault::Shared => {
                use hmac::{KeyInit as _, Mac as _};
                let mac = hmac::Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.chain_update(&signed).finalize().into_bytes().to_vec()
            }
            Fault::StrangeKey => sign(key(2)),
            _ => sign(key(1)),
        };
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

async fn document(State(provider): State<Provider>) -> Json<Value> {
    let url = &provider.url;
    let issuer = if provider.fails() == Fault::StrangeDocument { "https://login.example.fi" } else { url };
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"), "userinfo_endpoint": format!("{url}/user"), "end_session_endpoint": format!("{url}/end"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(asked): Form<HashMap<String, String>>,
) -> Response {
    provider.asked.lock().unwrap().push(format!("{} {}", asked["grant_type"], asked["redirect_uri"]));
    let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+"))));
    let is_client = headers.get("authorization").is_some_and(|given| given.to_str().unwrap() == right);
    let granted = provider.codes.lock().unwrap().remove(&asked["code"]);
    let granted = granted.filter(|(_, challenge)| is_client && hash(&asked["code_verifier"]) == *challenge);
    let Some((nonce, _)) = granted else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    match provider.fails() {
        Fault::Endless => return "x".repeat(1 << 20).into_response(),
        Fault::Moved => return Redirect::temporary(&format!("{}/elsewhere", provider.url)).into_response(),
        _ => {}
    }
    let mut tokens =
        json!({"access_token": "access", "token_type": "Bearer", "id_token": provider.id_token(&nonce, "access")});
    if provider.fails() == Fault::NoToken {
        tokens.as_object_mut().unwrap().remove("id_token");
    }
    Json(tokens).into_response()
}

async fn user(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|token| token != "Bearer access") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut user = provider.user.lock().unwrap().clone();
    if provider.fails() == Fault::StrangeUser {
        user["sub"] = json!("5678");
    }
    Json(user).into_response()
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn parameters(address: &str) -> HashMap<String, String> {
    form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect()
}

/// A server that trusts a provider.
async fn trusting(edit: impl FnOnce(&mut Config)) -> (TempDir, Server, Provider, Store) {
    let provider = Provider::start().await;
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("secret");
    fs_err::write(&file, format!("{SECRET}\n")).unwrap();
    let url = provider.url.clone();
    let (folder, server) = fresh(|config| {
        queue(config, "09:00", 9);
        let openid = &mut config.openid;
        (openid.issuer, openid.client_id, openid.public_url) = (url, CLIENT.to_owned(), HOME.to_owned());
        openid.client_secret_file = file;
        let role = |value: &str, role| RoleOf { value: value.to_owned(), role };
        openid.roles = vec![
            role("chat-leads", Role::Supervisor),
            role("chat-experts", Role::Expert),
            role("writers", Role::Editor),
        ];
        edit(config);
    })
    .await;
    let store = store(folder.path()).await;
    (folder, server, provider, store)
}

/// Begins a sign-in: the browser with its cookie, and where it is sent.
async fn begin(server: &Server) -> (Browser, String) {
    let mut browser = Browser::new(server);
    let response = browser.get("/console/openid").await;
    assert_eq!(response.status(), 303);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Path=/console/openid/return; HttpOnly; SameSite=Lax; Max-Age=600; Secure"), "{cookie}");
    cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
    let address = location(&response);
    (browser, address)
}

/// A whole sign-in: the session's cookie, or what the page says.
async fn signed_in(server: &Server, provider: &Provider) -> Result<Browser, String> {
    let (browser, address) = begin(server).await;
    come_back(browser, &provider.agree(&address)).await
}

async fn come_back(mut browser: Browser, path: &str) -> Result<Browser, String> {
    let response = browser.get(path).await;
    assert_eq!(response.status(), 200);
    let cookies: Vec<_> =
        response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    assert!(
        cookies.iter().any(|cookie| cookie.starts_with("neuvo-sign-in=;") && cookie.contains("Max-Age=0")),
        "{cookies:?}"
    );
    let session = cookies.iter().find(|cookie| cookie.starts_with("neuvo-console="));
    assert_eq!(response.headers().get("refresh").is_some(), session.is_some());
    let page = response.text().await.unwrap();
    match session {
        Some(cookie) => {
            assert!(cookie.contains("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
            cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
            Ok(browser)
        }
        None => Err(page.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned()),
    }
}

async fn log(store: &Store) -> Vec<String> {
    let entries = store.audited(100).await.unwrap();
    entries.into_iter().map(|entry| format!("{} {}", entry.login, entry.action)).collect()
}

const STRAY: &str = "The sign-in was interrupted or took too long. Start again.";
const UNSURE: &str =
    "Your organisation's sign-in did not work. Try again. If that does not help, tell your administrator.";
const NO_ROLE: &str = "Your account has no access to the console. Ask your supervisor for it.";

#[tokio::test]
async fn a_person_whom_the_provider_vouches_for_comes_in() {
    let (_folder, server, provider, store) = trusting(|_| {}).await;
    let (browser, address) = begin(&server).await;
    assert!(address.starts_with(&format!("{}/authorize?", provider.url)), "{address}");
    let asked = parameters(&address);
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("code_challenge_method", "S256"),
        ("scope", "openid profile"),
        // The address of the configuration, whatever the request's `Host` says.
        ("redirect_uri", "https://bot.example.fi/console/openid/return"),
    ];
    for (name, value) in expected {
        assert_eq!(asked[name], value);
    }
    let secret = browser.cookie.split_once('=').unwrap().1.to_owned();
    assert!(!address.contains(&secret) && asked["state"] != asked["nonce"] && 32 <= asked["nonce"].len());
    let aino = come_back(browser, &provider.agree(&address)).await.unwrap();
    assert!(aino.page("/console").await.contains("<span class=\"who\">Aino</span>"));
    assert_eq!(*provider.asked.lock().unwrap(), ["authorization_code https://bot.example.fi/console/openid/return"]);
    assert_eq!(log(&store).await, ["aino signed-in", "aino account-added"]);

    // The same person has the same account, whatever the provider calls her now.
    provider.say(json!({"preferred_username": "aino.virtanen", "given_name": "A."}));
    let again = signed_in(&server, &provider).await.unwrap();
    let accounts = store.accounts().await.unwrap();
    assert_eq!((accounts.len(), accounts[0].login.as_str(), accounts[0].name.as_str()), (1, "aino", "Aino"));
    assert_eq!(again.get("/console/floor").await.status(), 404);

    // A new role counts at once and ends the sessions of the old one.
    provider.say(json!({"groups": ["chat-leads"]}));
    let lead = signed_in(&server, &provider).await.unwrap();
    assert!(lead.page("/console/floor").await.contains("Aino (aino)"));
    assert!(again.page("/console").await.contains("type=\"password\""));

    // Who signs out is out, and is told how to leave the provider too.
    assert_eq!(lead.send("/console/sign-out", &[]).await, "/console?notice=signed-out");
    let page = lead.page("/console?notice=signed-out").await;
    assert!(
        page.contains("You have signed out") && page.contains(&format!("{}/end?client_id=neuvo", provider.url)),
        "{page}"
    );
    assert_eq!(
        log(&store).await[..3],
        ["aino signed-out", "aino signed-in", "aino role-changed"].map(str::to_owned)[..]
    );
    store.close().await;
}

#[tokio::test]
async fn an_id_token_that_is_not_right_lets_nobody_in() {
    let (_folder, server, provider, store) = trusting(|_| {}).await;
    let claims = [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "another"}),
        json!({"aud": []}),
        json!({"aud": [CLIENT, "another"]}),
        json!({"azp": "another"}),
        json!({"iss": "https://login.example.fi"}),
        json!({"exp": -61}),
        json!({"iat": 120}),
        json!({"iat": -900}),
        json!({"at_hash": BASE64.encode([0; 32])}),
        json!({"sub": ""}),
        json!({"sub": "s".repeat(256)}),
    ];
    for claims in claims {
        provider.say(claims.clone());
        assert_eq!(signed_in(&server, &provider).await.err().as_deref(), Some(UNSURE), "{claims}");
    }
    provider.say(json!({}));
    for fault in [Fault::StrangeKey, Fault::Unsigned, Fault::Shared, Fault::NoToken, Fault::Moved] {
        provider.fail(fault);
        assert_eq!(signed_in(&server, &provider).await.err().as_deref(), Some(UNSURE), "{fault:?}");
    }
    provider.fail(Fault::Endless);
    assert!(signed_in(&server, &provider).await.err().unwrap().contains("does not answer now"));
    assert!(store.accounts().await.unwrap().is_empty());
    assert!(log(&store).await.iter().all(|entry| entry == " sign-in-refused"));
    // Clocks may differ a little.
    provider.fail(Fault::None);
    for claims in [json!({"exp": -30}), json!({"iat": 30})] {
        provider.say(claims);
        signed_in(&server, &provider).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn only_the_browser_that_began_comes_back_and_once() {
    let (_folder, server, provider, store) = trusting(|_| {}).await;
    let (browser, address) = begin(&server).await;
    let path = provider.agree(&address);
    let (cookie, (other, elsewhere)) = (browser.cookie.clone(), begin(&server).await);
    let with = |cookie: &str| {
        let mut browser = Browser::new(&server);
        cookie.clone_into(&mut browser.cookie);
        browser
    };
    let stray = [
        (with(""), path.clone()),
        (with("neuvo-sign-in=nonsense"), path.clone()),
        (with(&format!("neuvo-sign-in={}", "0".repeat(64))), path.clone()),
        (with(&other.cookie), path.clone()),
        (with(&cookie), path.replace("state=", "state=0")),
        (with(&cookie), path.replace("&state=", "&other=")),
        (with(&cookie), path.split("&iss=").next().unwrap().to_owned() + "&iss=https%3A%2F%2Flogin.example.fi"),
        (with(&cookie), "/console/openid/return".to_owned()),
    ];
    for (browser, path) in stray {
        assert_eq!(come_back(browser, &path).await.err().as_deref(), Some(STRAY), "{path}");
    }
    // A code that somebody else was given does not fit this browser's PKCE challenge.
    let theirs = parameters(&provider.agree(&elsewhere));
    let stolen = format!("/console/openid/return?code={}&state={}", parameters(&path)["code"], theirs["state"]);
    assert_eq!(come_back(other, &stolen).await.err().as_deref(), Some(UNSURE));
    provider.agree(&address);
    come_back(with(&cookie), &path).await.unwrap();
    // Even a provider that takes a code twice lets nobody in twice.
    provider.agree(&address);
    assert_eq!(come_back(with(&cookie), &path).await.err().as_deref(), Some(STRAY));
    // Who thinks better of it is told so; the way in stays.
    let (browser, address) = begin(&server).await;
    let cancelled = format!("/console/openid/return?error=access_denied&state={}", parameters(&address)["state"]);
    assert_eq!(come_back(browser, &cancelled).await.err().as_deref(), Some("The sign-in was cancelled."));
    store.close().await;
}

#[tokio::test]
async fn roles_accounts_and_who_is_disabled() {
    let (_folder, server, provider, store) = trusting(|_| {}).await;
    account(&store, "aino", "Aino Toinen", Role::Supervisor).await;
    // An account with a password is never taken over by a login, nor by an empty password.
    let browser = signed_in(&server, &provider).await.unwrap();
    assert_eq!(browser.get("/console/floor").await.status(), 404);
    let (own, password) = store.account("aino-2").await.unwrap().unwrap();
    assert_eq!((own.role, password.as_str()), (Role::Expert, ""));
    for password in ["", "oikea hevonen paristo"] {
        let response = browser.post("/console/sign-in", &[("login", "aino-2"), ("password", password)]).await;
        assert!(response.text().await.unwrap().contains("Login or password is wrong"));
    }
    // Without a role nobody stays.
    for groups in [json!([]), json!(["all"]), json!("chat-experts2"), json!({"chat-experts": true}), json!(["writers"])]
    {
        provider.say(json!({"groups": groups}));
        assert_eq!(signed_in(&server, &provider).await.err().as_deref(), Some(NO_ROLE), "{groups}");
    }
    assert!(browser.page("/console").await.contains("type=\"password\""));
    provider.say(json!({"sub": "5678", "groups": []}));
    assert_eq!(signed_in(&server, &provider).await.err().as_deref(), Some(NO_ROLE));
    assert_eq!(store.accounts().await.unwrap().len(), 2, "nobody without a role gets an account");
    // Who is disabled stays so.
    assert!(store.disable("aino-2", true).await.unwrap());
    provider.say(json!({"groups": ["chat-leads"]}));
    let refused = signed_in(&server, &provider).await.err().unwrap();
    assert_eq!(refused, "Your account is disabled. Ask your administrator.");
    let (own, _) = store.account("aino-2").await.unwrap().unwrap();
    assert_eq!((own.role, own.is_disabled), (Role::Editor, true));
    assert_eq!(log(&store).await[0], "aino-2 sign-in-refused");
    store.close().await;
}

#[tokio::test]
async fn roles_may_stand_in_the_user_info() {
    let (_folder, server, provider, store) = trusting(|config| config.openid.claim = "access.roles".to_owned()).await;
    *provider.user.lock().unwrap() =
        json!({"sub": "1234", "given_name": "Olli", "preferred_username": "olli", "access": {"roles": "chat-experts"}});
    provider.say(json!({"given_name": null, "preferred_username": null}));
    signed_in(&server, &provider).await.unwrap();
    let (account, _) = store.account("olli").await.unwrap().unwrap();
    assert_eq!((account.name.as_str(), account.role), ("Olli", Role::Expert));
    provider.fail(Fault::StrangeUser);
    assert_eq!(signed_in(&server, &provider).await.err().as_deref(), Some(UNSURE));
    store.close().await;
}

#[tokio::test]
async fn passwords_may_be_off_and_a_provider_down() {
    let (_folder, server, provider, store) = trusting(|config| config.openid.password = false).await;
    account(&store, "aino", "Aino", Role::Expert).await;
    let nobody = Browser::new(&server);
    let page = nobody.page("/console").await;
    assert!(page.contains("href=\"/console/openid\"") && !page.contains("type=\"password\""), "{page}");
    let tried = nobody.post("/console/sign-in", &[("login", "aino"), ("password", "oikea hevonen paristo")]).await;
    assert_eq!(tried.status(), 404);
    provider.fail(Fault::StrangeDocument);
    let said = nobody.page("/console/openid").await;
    assert!(said.contains("does not answer now") && said.contains("href=\"/console/openid\""), "{said}");
    store.close().await;

    let (_folder, server) = fresh(|config| queue(config, "09:00", 9)).await;
    let nobody = Browser::new(&server);
    assert!(!nobody.page("/console").await.contains("openid"));
    for path in ["/console/openid", "/console/openid/return?code=a&state=b"] {
        assert_eq!(nobody.get(path).await.status(), 404, "{path}");
    }
}
