//! Keys in, asks out.

use super::*;

#[test]
fn redeploy_in_development_is_armed_by_one_key() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("/dev/web<Enter>").wait(600).keys("j").wait(600);
    println!("{}", bench.screen(120, 36));
    bench.keys("r").wait(50);
    println!("{}", bench.screen(120, 36));
    assert!(matches!(bench.desk.changing().as_slice(), [Ask::Do { armed: true, intent: Intent::Deploy { .. }, .. }]), "{:?}", bench.desk.asked.lock().unwrap());
    bench.desk.answer(Answer::Accepted { deployments: vec![], says: "it starts in 5s".to_owned() });
    assert!(bench.wait(50).screen(120, 36).contains("it starts in 5s"));
}
