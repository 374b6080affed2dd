//! The footer: what it says of the tails, at every width.

use super::*;

fn footer(desk: &mut Desk) -> String {
    desk.zoomed = true;
    desk.shown().lines().last().unwrap().trim().to_owned()
}

#[test]
fn it_says_the_worst_of_the_tails() {
    let mut desk = Desk::new(&numbered(3), (78, 6));
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 0  no tail"
    );
    tell(&mut desk, "/a", tail(true, false, 0, 1_200), 2, None);
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 0  sampled no  lag 1.2s"
    );
    tell(&mut desk, "/b", tail(true, true, 2, 12_000), 2, None);
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 2  sampled yes  lag 12s"
    );
    tell(
        &mut desk,
        "/a",
        tail(false, false, 1, 9_000),
        3,
        Some("the session ended"),
    );
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 3  sampled yes  tail cut 12s"
    );
    tell(&mut desk, "/b", tail(true, true, 0, 0), 50, None);
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 1  sampled no  tail cut 12s",
        "long ago is not now"
    );
    tell(
        &mut desk,
        "/a",
        tail(true, false, 0, 0),
        1,
        Some("there is no log group /a yet"),
    );
    assert_eq!(
        footer(&mut desk),
        "ERR 0  WARN 0  lines 3  dropped 0  sampled no  no log group yet"
    );
}

#[test]
fn a_quiet_group_is_not_late_and_a_cut_tail_counts_on() {
    let mut desk = Desk::new(&numbered(3), (78, 6));
    desk.pane.push(&Batch {
        lines: vec![line(0, "old", SourceKind::Logs, Severity::Info, "very old")],
        dropped: 0,
    });
    tell(&mut desk, "/a", tail(true, false, 0, 400), 1, None);
    assert!(
        footer(&mut desk).ends_with("lag 0.4s"),
        "{}",
        footer(&mut desk)
    );
    let moves = |desk: &Desk| desk.pane.moves(&Desk::scene(&desk.world, &desk.stack));
    assert_eq!(moves(&desk), None);
    tell(&mut desk, "/a", tail(false, false, 0, 400), 1, None);
    assert_eq!(moves(&desk), Some(Duration::from_secs(1)));
}

#[test]
fn where_there_is_little_room_what_is_wrong_stays() {
    let mut desk = Desk::new(&story(), (78, 6));
    desk.pane = LogPane::new(5);
    desk.pane.push(&Batch {
        dropped: 1_234,
        ..story()
    });
    tell(&mut desk, "/a", tail(false, true, 0, 9_000), 3, None);
    let mut rows = Vec::new();
    for width in [100, 78, 60, 40, 24, 10, 5, 4] {
        desk.size.0 = width;
        let footer = footer(&mut desk);
        assert!(footer.chars().count() <= usize::from(width));
        rows.push(format!("{width:3} {footer}"));
    }
    insta::assert_snapshot!("footer_widths", rows.join("\n"));
}
