//! Stacks that many ask for at the same time are read by few calls, and everybody gets the answer
//! of a read that began after they asked.

use futures_util::future::join_all;
use serde_json::json;

use super::hands::Workshop;

const TEMPLATE: &str = "Resources: { Topic: { Type: 'AWS::SNS::Topic' } }";

async fn workshop(stacks: usize) -> Workshop {
    let shop = Workshop::open().await.with_file("one.yaml", TEMPLATE);
    for n in 0..stacks {
        let template = json!({ "bundle": shop.bundle.digest(), "path": "one.yaml" });
        let input = json!({ "stack_name": format!("s-{n}"), "template": template, "parameters": {}, "declared": {} });
        shop.run("cloudformation.create", json!({ "input": input }))
            .await
            .unwrap();
    }
    shop
}

fn reads(shop: &Workshop) -> usize {
    shop.cloud()
        .ledger()
        .iter()
        .filter(|entry| entry.action == "DescribeStacks")
        .count()
}

fn listings(shop: &Workshop) -> usize {
    shop.cloud()
        .ledger()
        .iter()
        .filter(|entry| entry.action == "DescribeStacks" && entry.subject.is_none())
        .count()
}

#[tokio::test]
async fn many_reads_at_once_are_few_calls() {
    let shop = workshop(8).await;
    let cloud = shop.clients.of(&shop.target).await.ok().unwrap();
    let gone = cloud.stack("s-7").await.unwrap().unwrap().id;
    shop.run("cloudformation.delete", json!({ "stack_name": "s-7" }))
        .await
        .unwrap();

    let mut names: Vec<String> = (0..8).map(|n| format!("s-{n}")).collect();
    names.extend([gone.clone(), "never".to_owned(), "s-0".to_owned()]);
    let before = reads(&shop);
    let found = join_all(names.iter().map(|name| cloud.stack(name))).await;
    let calls = reads(&shop) - before;

    for (name, found) in names.iter().zip(found) {
        let found = found.unwrap();
        match name.as_str() {
            "s-7" | "never" => assert_eq!(found, None, "{name}"),
            id if id == gone => assert_eq!(
                found.map(|stack| stack.status),
                Some("DELETE_COMPLETE".to_owned())
            ),
            name => assert_eq!(found.map(|stack| stack.name).as_deref(), Some(name)),
        }
    }
    assert!(calls <= 5, "{calls} calls for {} reads", names.len());
}

#[tokio::test]
async fn a_role_that_may_not_list_reads_one_by_one() {
    let shop = workshop(8).await;
    let cloud = shop.clients.of(&shop.target).await.ok().unwrap();
    shop.cloud()
        .pull(
            "Chaos",
            json!({ "action": "DescribeStacks", "subject": "", "kind": "access_denied" }),
        )
        .unwrap();
    let before = listings(&shop);
    for round in 1..=2 {
        let calls = reads(&shop);
        let found = join_all(
            ["s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6", "s-7"].map(|name| cloud.stack(name)),
        )
        .await;
        assert!(found.into_iter().all(|found| found.unwrap().is_some()));
        // What was refused once is not tried again.
        assert_eq!(
            (listings(&shop) - before, reads(&shop) - calls),
            (1, if round == 1 { 8 + 1 } else { 8 }),
            "round {round}"
        );
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nobody_waiting() {
    let shop = workshop(4).await;
    let cloud = shop.clients.of(&shop.target).await.ok().unwrap();
    let names = ["s-0", "s-1", "s-2", "s-3"];
    let mut readers: Vec<_> = names
        .iter()
        .map(|name| Box::pin(cloud.stack(name)))
        .collect();
    for reader in &mut readers {
        // Each has asked once: some read, the others wait for them.
        let _ = futures_util::poll!(reader);
    }
    let last = readers.pop().unwrap();
    drop(readers);
    assert_eq!(last.await.unwrap().unwrap().name, "s-3");
}
