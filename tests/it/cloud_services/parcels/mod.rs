//! A made-up service that speaks REST-JSON: parcels that take their time. It brings a resource
//! type.

use std::collections::BTreeMap;

use holdpoint::domain::time::Time;
use holdpoint::sandbox::call::{AwsError, Call};
use holdpoint::sandbox::door::{Ready, Thing};
use holdpoint::sandbox::protocol::{Protocol, Route};
use holdpoint::sandbox::realm::{Cx, Realm};
use holdpoint::sandbox::service::{Body, Offer, Reply, Service};
use holdpoint::sandbox::values::iso;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) const OFFER: Offer = Offer {
    signing: "post",
    subjects: &["Id"],
    tokens: &["Token"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<Parcels>("parcels", Protocol::RestJson { routes: ROUTES })
};

const ROUTES: &[Route] = &[
    Route::new("GET", "/parcels", "ListParcels"),
    Route::new("POST", "/parcels/{Id}", "SendParcel").headers(&[("x-post-sender", "Sender")]),
    Route::new("GET", "/parcels/{Id}", "GetParcel"),
    Route::new("PUT", "/parcels/{Id}/label", "PutLabel")
        .raw()
        .headers(&[("x-post-note-*", "Notes")]),
    Route::new("GET", "/parcels/{Id}/label", "GetLabel"),
];

/// How long a parcel is on its way, in seconds at normal pace.
const SECONDS: f64 = 10.0;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Parcels {
    pub(crate) parcels: BTreeMap<String, Parcel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Parcel {
    to: String,
    sender: Option<String>,
    label: Vec<u8>,
    notes: BTreeMap<String, String>,
    arrives: Time,
    arrived: Option<Time>,
}

impl Service for Parcels {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let id = params.text("Id").unwrap_or("");
        match call.action.as_str() {
            "ListParcels" => {
                let wanted = params.text("state");
                let found = self
                    .parcels
                    .iter()
                    .filter(|(_, parcel)| wanted.is_none_or(|wanted| wanted == parcel.state()));
                Ok(json!({ "Parcels": found.map(|(id, _)| id).collect::<Vec<_>>(), "NextToken": null }).into())
            }
            "SendParcel" => {
                self.send(id, params.need("To")?, params.text("Sender"), cx);
                cx.effect = Some(format!("parcel {id}"));
                Ok(Reply::from(self.shown(id)?)
                    .status(201)
                    .header("location", format!("/parcels/{id}")))
            }
            "GetParcel" => Ok(self.shown(id)?.into()),
            "PutLabel" => {
                let notes = params.0.get("Notes").cloned();
                let parcel = self.parcel(id)?;
                parcel.label.clone_from(&call.body.0);
                parcel.notes = notes
                    .and_then(|notes| serde_json::from_value(notes).ok())
                    .unwrap_or_default();
                cx.effect = Some(format!("label of {id}"));
                Ok(json!({}).into())
            }
            "GetLabel" => {
                let parcel = self.parcel(id)?;
                let reply = Reply::of(Body::Bytes(parcel.label.clone()));
                Ok(parcel.notes.iter().fold(reply, |reply, (name, note)| {
                    reply.header(format!("x-post-note-{name}"), note)
                }))
            }
            _ => Err(AwsError::unanswered(call)),
        }
    }

    fn due(&self, _: Realm<'_>) -> Option<Time> {
        self.parcels
            .values()
            .filter(|parcel| parcel.arrived.is_none())
            .map(|parcel| parcel.arrives)
            .min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        for parcel in self
            .parcels
            .values_mut()
            .filter(|parcel| parcel.arrived.is_none() && parcel.arrives <= cx.now)
        {
            parcel.arrived = Some(cx.now);
        }
    }

    fn places(&self, thing: &Thing<'_>) -> Vec<(&'static str, String)> {
        vec![(
            "to",
            thing
                .properties
                .get("To")
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_lowercase(),
        )]
    }

    fn make(&mut self, thing: &Thing<'_>, _: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        let to = thing
            .properties
            .get("To")
            .and_then(Value::as_str)
            .unwrap_or("");
        if to == "nowhere" {
            return Err("nobody lives nowhere".to_owned());
        }
        self.send(thing.physical, to, None, cx);
        Ok(Ready::WhenSaid)
    }

    fn remove(&mut self, thing: &Thing<'_>, _: &mut Cx<'_>) -> Result<Ready, String> {
        if thing.properties.get("To").and_then(Value::as_str) == Some("grandmother") {
            return Err("she keeps it".to_owned());
        }
        self.parcels.remove(thing.physical);
        Ok(Ready::InTime)
    }

    fn ready(&self, thing: &Thing<'_>) -> Option<Result<(), String>> {
        self.parcels.get(thing.physical)?.arrived.map(|_| Ok(()))
    }
}

impl Parcels {
    fn send(&mut self, id: &str, to: &str, sender: Option<&str>, cx: &Cx<'_>) {
        let (to, sender) = (to.to_owned(), sender.map(str::to_owned));
        self.parcels.insert(
            id.to_owned(),
            Parcel {
                to,
                sender,
                label: Vec::new(),
                notes: BTreeMap::new(),
                arrives: cx.after(SECONDS),
                arrived: None,
            },
        );
    }

    fn parcel(&mut self, id: &str) -> Result<&mut Parcel, AwsError> {
        self.parcels
            .get_mut(id)
            .ok_or_else(|| AwsError::missing("NoSuchParcel", format!("there is no parcel {id}")))
    }

    fn shown(&mut self, id: &str) -> Result<Value, AwsError> {
        let parcel = self.parcel(id)?;
        let arrived = parcel.arrived.map(iso);
        Ok(
            json!({ "Id": id, "To": parcel.to, "Sender": parcel.sender, "State": parcel.state(), "ArrivedAt": arrived }),
        )
    }
}

impl Parcel {
    pub(crate) fn state(&self) -> &'static str {
        if self.arrived.is_some() {
            "ARRIVED"
        } else {
            "ON_ITS_WAY"
        }
    }
}
