//! Events of any form: each line is a stream, a space, a form and JSON. They are read or refused,
//! and folding them never fails: what cannot be folded freezes its own stream.
#![no_main]

use holdpoint::domain::event::{Event, Stored, StreamId};
use holdpoint::domain::folds::Folds;
use holdpoint::domain::person::Person;
use holdpoint::domain::time::Time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut folds = Folds::default();
    for (nth, line) in text.lines().enumerate() {
        let seq = nth as u64 + 1;
        let mut words = line.splitn(3, ' ');
        let (Some(stream), Some(form), Some(json)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Ok(stream) = StreamId::try_from(stream.to_owned()) else {
            continue;
        };
        let Ok(payload) = serde_json::from_str(json) else {
            continue;
        };
        let form = form.parse().unwrap_or(1);
        let event = Event::read(&stream, form, &payload);
        if let Ok(event) = &event {
            let again = serde_json::to_value(event).unwrap();
            let read = Event::read(&stream, form, &again).expect("what was written is read");
            assert_eq!(*event, read);
        }
        folds.apply(&Stored {
            seq,
            stream,
            version: seq,
            at: Time(i64::try_from(seq).unwrap()),
            person: Person::Engine,
            cause: None,
            event,
        });
    }
});
