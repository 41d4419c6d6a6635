//! Calls turn by turn: signatures, retries, keys, and the gateway's own ears and voice.

use super::gateway::{Leg, parse, sign};
use super::{NUMBER_ANY, PUBLIC, TOKEN, office, person};
use neuvo::config::phone::{Mode, SmsConfig};
use reqwest::Method;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_whole_call() {
    let office = office(Mode::Turns, |_| {}).await;
    let leg = Leg::new(&office, "CA1");
    let greeting = leg.ring().await;
    assert!(greeting.said().contains("phone-greeting suomeksi"), "{greeting:?}");
    let gather = &greeting.get("Gather").attributes;
    for (name, value) in
        [("input", "speech dtmf"), ("language", "fi-FI"), ("actionOnEmptyResult", "true"), ("numDigits", "1")]
    {
        assert_eq!(gather[name], value);
    }
    assert_eq!(greeting.get("Say").attributes["voice"], "Polly.Suvi-Neural");
    let answer = leg
        .post(&greeting.action("Gather"), &[("SpeechResult", "Miten haen asumistukea?"), ("Confidence", "0.93")])
        .await;
    assert!(answer.said().contains("Asumistuen hakeminen: OmaKela."), "{answer:?}");
    // Unsure words are confirmed, by key.
    let unsure = leg.post(&answer.action("Gather"), &[("SpeechResult", "asumistukea"), ("Confidence", "0.21")]).await;
    assert!(unsure.said().contains("phone-confirm Asumistuen hakeminen suomeksi"), "{unsure:?}");
    let sure = leg.post(&unsure.action("Gather"), &[("Digits", "1")]).await;
    assert!(sure.said().contains("Asumistuen hakeminen: OmaKela."));
    // Slower, from now on.
    let slower = leg.post(&sure.action("Gather"), &[("Digits", "5")]).await;
    assert_eq!(slower.get("prosody").attributes["rate"], "slow");
    // Nothing is heard twice, then a person is called.
    let first = leg.post(&slower.action("Gather"), &[]).await;
    let second = leg.post(&first.action("Gather"), &[]).await;
    assert!(first.said().contains("phone-silence-1") && second.said().contains("phone-silence-2"));
    let person = leg.post(&second.action("Gather"), &[]).await;
    assert!(person.said().contains("phone-transfer-misses suomeksi"));
    assert_eq!(person.get("Number").text, "+358401111111");
    let back = leg.post(&person.action("Dial"), &[("DialCallStatus", "no-answer")]).await;
    assert!(back.said().contains("phone-back-no-answer suomeksi. phone-callback-offer"), "{}", back.said());
    let done = leg.post(&back.action("Gather"), &[("SpeechResult", "Kyllä."), ("Confidence", "0.9")]).await;
    assert!(done.said().contains("phone-callback-done"));
    assert_eq!(office.wishes.0.lock().unwrap().len(), 1);
    let goodbye = leg.post(&done.action("Gather"), &[("SpeechResult", "hei hei")]).await;
    assert!(goodbye.said().contains("phone-goodbye") && goodbye.find("Hangup").is_some());
    assert!(office.metrics().await.contains("neuvo_calls_open 0"));
}

#[tokio::test]
async fn a_request_again_gets_the_same_answer() {
    let office = office(Mode::Turns, |_| {}).await;
    let leg = Leg::new(&office, "CA1");
    let greeting = leg.ring().await;
    let again = leg.ring().await;
    assert_eq!(greeting.action("Gather"), again.action("Gather"));
    let turn = greeting.action("Gather");
    let question = [("SpeechResult", "miten haen asumistukea"), ("Confidence", "0.9")];
    let (first, second) = tokio::join!(leg.send(&turn, &question), leg.send(&turn, &question));
    let (first, second) = (first.text().await.unwrap(), second.text().await.unwrap());
    assert_eq!(first, second);
    // An old request after others: too late to be answered anew.
    let mut action = parse(&first).action("Gather");
    for _ in 0..6 {
        action = leg.post(&action, &[("Digits", "4")]).await.action("Gather");
    }
    assert_eq!(leg.send(&turn, &question).await.status(), 409);
    let metrics = office.metrics().await;
    assert!(metrics.contains("neuvo_call_events_total{event=\"begun\"} 1"), "{metrics}");
    assert!(metrics.contains("neuvo_turns_total{outcome=\"answer\",lang=\"fi\"} 1"), "{metrics}");
}

#[tokio::test]
async fn only_what_is_signed_is_let_in() {
    let office = office(Mode::Turns, |_| {}).await;
    let leg = Leg::new(&office, "CA1");
    let fields = vec![("CallSid".to_owned(), "CA1".to_owned())];
    let path = "/phone/twilio/incoming?b=2&a=%C3%A4%20x";
    let check = async |signature: String, status: u16| {
        let response = leg.send_with(path, &fields, &signature).await;
        assert_eq!(response.status(), status, "{signature}");
    };
    for url in [
        format!("{PUBLIC}{path}"),
        format!("{PUBLIC}:443{path}"),
        format!("{PUBLIC}/phone/twilio/incoming?b=2&a=%C3%A4%20x"),
        format!("{PUBLIC}:443/phone/twilio/incoming?b=2&a=%C3%A4%20x"),
    ] {
        check(sign(TOKEN, &url, &fields), 200).await;
    }
    check(sign("another-token", &format!("{PUBLIC}{path}"), &fields), 403).await;
    check(sign(TOKEN, &format!("https://evil.example{path}"), &fields), 403).await;
    check(sign(TOKEN, &format!("{PUBLIC}{path}"), &[]), 403).await;
    check(String::new(), 403).await;
    // What is forwarded does not change who we are.
    let body = "CallSid=CA1";
    let forged = office.server.request(Method::POST, path).header("x-forwarded-host", "evil.example").body(body);
    let forged = forged.header("content-type", "application/x-www-form-urlencoded");
    let signature = sign(TOKEN, &format!("https://evil.example{path}"), &fields);
    assert_eq!(forged.header("x-twilio-signature", signature).send().await.unwrap().status(), 403);
    // JSON, by the hash of its body.
    let body = r#"{"CallSid":"CA7","To":"+358201234567"}"#;
    let hash = neuvo::domain::hex(&Sha256::digest(body), 32);
    let hashed = format!("/phone/twilio/incoming?bodySHA256={hash}");
    let signature = sign(TOKEN, &format!("{PUBLIC}{hashed}"), &[]);
    let send = |body: &'static str| {
        let request =
            office.server.request(Method::POST, &hashed).header("content-type", "application/json").body(body);
        request.header("x-twilio-signature", &signature).send()
    };
    assert_eq!(send(r#"{"CallSid":"CA7","To":"+358201234567"}"#).await.unwrap().status(), 200);
    assert_eq!(send(r#"{"CallSid":"CA8","To":"+358201234567"}"#).await.unwrap().status(), 403);
    assert!(office.metrics().await.contains("event=\"unsigned\""));
}

#[tokio::test]
async fn without_a_secret_there_is_no_phone() {
    let (_folder, server) = crate::support::fresh(|_| {}).await;
    for path in ["/phone/twilio/incoming", "/phone/jambonz/incoming", "/phone/audiosocket/x/next"] {
        assert_eq!(server.request(Method::POST, path).send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn every_language_has_its_key_and_every_person_their_way() {
    let persons = ["to = \"sip:experts@kela.example\"\nby = \"refer\"\nlanguages = [\"sv\"]", "to = \"queue:general\""];
    let office = office(Mode::Turns, |config| config.phone.persons = persons.map(person).to_vec()).await;
    for (key, locale, said) in [("2", "sv-SE", "på svenska"), ("3", "en-GB", "in English"), ("1", "fi-FI", "suomeksi")]
    {
        let leg = Leg::to(&office, &format!("CA{key}"), NUMBER_ANY);
        let greeting = leg.ring().await;
        assert_eq!(greeting.get("Gather").children.len(), 4, "three voices, and what follows in the first");
        let set = leg.post(&greeting.action("Gather"), &[("Digits", key)]).await;
        assert_eq!(set.get("Gather").attributes["language"], locale);
        assert!(set.said().contains(&format!("phone-language-set {said}")));
        let leave = leg.post(&set.action("Gather"), &[("Digits", "0")]).await;
        if key == "2" {
            assert_eq!(leave.get("Sip").text, "sip:experts@kela.example");
            let end = leg.post(&leave.action("Refer"), &[("ReferCallStatus", "completed")]).await;
            assert!(end.find("Hangup").is_some());
        } else {
            assert_eq!(leave.get("Enqueue").text, "general");
            let back = leg.post(&leave.action("Enqueue"), &[("QueueResult", "queue-full")]).await;
            assert!(back.said().contains("phone-back-busy"), "{}", back.said());
        }
    }
}

#[tokio::test]
async fn danger_and_digits_of_a_number() {
    let office = office(Mode::Turns, |config| config.phone.persons = Vec::new()).await;
    let leg = Leg::new(&office, "CA1");
    let greeting = leg.ring().await;
    // Nobody is named: the caller is told in the same breath, and offered a call-back.
    let closed = leg.post(&greeting.action("Gather"), &[("SpeechResult", "ihminen")]).await;
    assert!(closed.said().contains("phone-transfer suomeksi. phone-back-closed suomeksi."), "{}", closed.said());
    // A withheld number is keyed in.
    let anonymous = Leg::new(&office, "CA2");
    let greeting = anonymous.post("/phone/twilio/incoming", &[("From", "anonymous")]).await;
    let closed = anonymous.post(&greeting.action("Gather"), &[("Digits", "0")]).await;
    let key_in = anonymous.post(&closed.action("Gather"), &[("Digits", "1")]).await;
    assert_eq!(key_in.get("Gather").attributes["finishOnKey"], "#");
    let check = anonymous.post(&key_in.action("Gather"), &[("Digits", "0401234")]).await;
    assert!(check.said().contains("nolla neljä nolla"), "{}", check.said());
    let done = anonymous.post(&check.action("Gather"), &[("Digits", "1")]).await;
    assert!(done.said().contains("phone-callback-done"));
    assert_eq!(office.wishes.0.lock().unwrap()[0].number, "0401234");
}

#[tokio::test]
async fn the_link_comes_as_a_text_message() {
    let gateway = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/2010-04-01/Accounts/AC1/Messages.json", gateway.local_addr().unwrap());
    let taking = tokio::spawn(async move {
        let (mut socket, _) = gateway.accept().await.unwrap();
        let mut request = Vec::new();
        while !String::from_utf8_lossy(&request).contains("housing.apply") {
            assert_ne!(socket.read_buf(&mut request).await.unwrap(), 0);
        }
        socket.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let office = office(Mode::Turns, |config| {
        let token_file = config.phone.twilio.token_file.clone();
        config.phone.sms = SmsConfig { url, account: "AC1".to_owned(), token_file, from: "Kela".to_owned() };
    })
    .await;
    let leg = Leg::new(&office, "CA1");
    let greeting = leg.ring().await;
    // There is nothing to send yet.
    let none = leg.post(&greeting.action("Gather"), &[("Digits", "7")]).await;
    assert!(none.said().contains("phone-link-none"));
    let answer = leg.post(&none.action("Gather"), &[("SpeechResult", "miten haen asumistukea")]).await;
    let sent = leg.post(&answer.action("Gather"), &[("Digits", "7")]).await;
    assert!(sent.said().contains("phone-link-sent"), "{}", sent.said());
    let request = taking.await.unwrap();
    assert!(request.contains("authorization: Basic ") && request.contains("To=%2B358401234567&From=Kela"), "{request}");
    assert!(request.contains("Body=Asumistuen+hakeminen%3A+https%3A%2F%2Fwww.kela.fi%2Fhousing.apply"), "{request}");
    // The gateway is gone: the caller is told how to find it.
    let told = leg.post(&sent.action("Gather"), &[("Digits", "7")]).await;
    assert!(told.said().contains("phone-link-find Asumistuen hakeminen suomeksi"), "{}", told.said());
}
