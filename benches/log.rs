//! The log on its hot path: foreign bytes through the gate, lines into the ring, a search over all
//! of it, and what a key costs while ten thousand lines a second come in.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::cast_possible_wrap,
    reason = "a bench ends where it cannot go on"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use holdpoint::desk::Batch;
use holdpoint::domain::line::{Line, Severity, SourceKind, Turn};
use holdpoint::domain::time::Time;
use holdpoint::text::safe::Safe;
use holdpoint::tui::glyphs::Glyphs;
use holdpoint::tui::log::{Hits, LogPane, MOST, Query, Ring};
use holdpoint::tui::motion::Motion;
use holdpoint::tui::pane::Pane;
use holdpoint::tui::scene::Scene;
use holdpoint::tui::theme::{Depth, Theme};
use holdpoint::world::World;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const T0: i64 = 1_700_000_000_000;

fn text(n: usize) -> String {
    format!(
        "level=info request={n:08} path=/orders/{} took={}ms client=10.0.{}.{} GET finished with status 200",
        n % 977,
        n % 250,
        n % 200,
        n % 31
    )
}

fn line(n: usize) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(T0 + n as i64 / 10),
        id: n.to_string().into(),
        kind: SourceKind::Logs,
        source: Safe::new("/ecs/shop-production/orders"),
        part: Safe::new(&format!("orders/{}", n % 4)),
        stack: "prod/orders".parse().expect("a stack"),
        no: None,
        severity: if n.is_multiple_of(500) {
            Severity::Error
        } else {
            Severity::Info
        },
        text: Safe::new(&text(n)),
    }
}

fn batch(from: usize, count: usize) -> Batch {
    Batch {
        lines: (from..from + count).map(line).collect(),
        dropped: 0,
    }
}

fn gate(c: &mut Criterion) {
    let plain: Vec<u8> = (0..20_000)
        .flat_map(|n| (text(n) + "\n").into_bytes())
        .collect();
    let coloured: Vec<u8> = (0..20_000)
        .flat_map(|n| format!("\x1b[32m{}\x1b[0m ünïcode\n", text(n)).into_bytes())
        .collect();
    let mut group = c.benchmark_group("gate");
    for (name, bytes) in [("plain", &plain), ("coloured", &coloured)] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |b| b.iter(|| Safe::lines(black_box(bytes)).len()));
    }
    group.finish();
}

fn ring(c: &mut Criterion) {
    let lines: Vec<Line> = (0..MOST).map(line).collect();
    let bytes: usize = lines.iter().map(|line| line.text.as_str().len()).sum();
    let mut group = c.benchmark_group("ring");
    group.sample_size(10);
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("in", |b| {
        b.iter_batched(
            || Ring::new(MOST),
            |mut ring| {
                for line in &lines {
                    ring.put(line);
                }
                ring.trim();
                ring
            },
            BatchSize::PerIteration,
        );
    });
    let mut full = Ring::new(MOST);
    for line in &lines {
        full.put(line);
    }
    group.throughput(Throughput::Bytes(bytes as u64));
    for (name, typed) in [
        ("search exact", "Nowhere"),
        ("search any case", "nowhere"),
        ("search pattern", r"status (4|5)\d\d"),
    ] {
        let query = Query::read(typed).expect("a query");
        group.bench_function(name, |b| {
            b.iter(|| Hits::new(query.clone()).at_or_after(black_box(&full), 0));
        });
    }
    group.finish();
}

/// A full ring, a search and a filter open; each turn brings what a thirtieth of a second brings,
/// takes a key and draws.
fn key(c: &mut Criterion) {
    let theme = Theme::built_in("dark", Depth::True, Glyphs::UNICODE).expect("a theme");
    let world = World::default();
    let area = Rect::new(0, 0, 120, 36);
    let mut group = c.benchmark_group("key");
    for (name, typed) in [
        ("follow", ""),
        ("search", "status 5"),
        ("filter", "request=000.*7 "),
    ] {
        let mut pane = LogPane::default();
        pane.push(&batch(0, MOST));
        let scene = Scene::new(&world, Time(T0)).focused(true);
        if !typed.is_empty() {
            pane.motion(
                if name == "filter" {
                    Motion::Filter
                } else {
                    Motion::Find
                },
                &scene,
            );
            for key in typed
                .chars()
                .map(crossterm::event::KeyCode::Char)
                .chain([crossterm::event::KeyCode::Enter])
            {
                pane.key(key.into(), &scene);
            }
        }
        let mut turn = 0_usize;
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    turn += 1;
                    (
                        batch(MOST + turn * 333, 333),
                        if turn.is_multiple_of(2) {
                            Motion::Up
                        } else {
                            Motion::Bottom
                        },
                    )
                },
                |(batch, motion)| {
                    pane.push(&batch);
                    pane.motion(motion, &scene);
                    let mut buf = Buffer::empty(area);
                    pane.draw(&scene, &theme, area, &mut buf);
                    buf
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, gate, ring, key);
criterion_main!(benches);
