//! Traces whose keys are byte strings, line by line.

use bench::protocol::TraceKeys;
use bench::trace::{Key, Line, Verb, for_each};

/// The lines of a text; keys are byte strings.
fn strings(text: &str, keys: TraceKeys) -> Result<Vec<(Verb, Vec<u8>)>, String> {
    let mut lines = Vec::new();
    for_each(text.as_bytes(), "t.txt", keys, |Line { verb, key }| {
        let Key::Bytes(key) = key else { panic!("{key:?}") };
        lines.push((verb, key.into_owned()));
        Ok(())
    })?;
    Ok(lines)
}

#[test]
fn keys_may_be_words_and_quoted_strings() {
    let keys = |text: &str| -> Vec<Vec<u8>> {
        let lines = strings(text, TraceKeys::Strings).unwrap_or_else(|why| panic!("{why}"));
        lines.into_iter().map(|(_, key)| key).collect()
    };
    for (spelt, key) in [
        ("user6284781860667377211", &b"user6284781860667377211"[..]),
        ("42", b"42"),
        ("-1", b"-1"),
        ("a#b", b"a#b"),
        ("us\"er", b"us\"er"),
        ("caf\u{e9}", "caf\u{e9}".as_bytes()),
        ("\u{feff}x", "\u{feff}x".as_bytes()),
        ("\"\"", b""),
        ("\"a key # with blanks\"", b"a key # with blanks"),
        (r#""\\ \" \n \r \t \x00 \xfF""#, b"\\ \" \n \r \t \0 \xff"),
        (r#""\\""#, b"\\"),
    ] {
        for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n"), ("# c\r\r", "\r")] {
            let text =
                format!("{mark}INSERT {spelt}{end}{end}READ\t{spelt} # c{end}  # d{end}SCAN {spelt} 7");
            assert_eq!(keys(&text), [key; 3], "{text:?}");
        }
    }
    let verbs = strings("UPDATE a\nREMOVE a\nSCAN \"a b\" 7", TraceKeys::Strings).unwrap();
    let verbs: Vec<Verb> = verbs.into_iter().map(|(verb, _)| verb).collect();
    assert_eq!(verbs, [Verb::Put, Verb::Remove, Verb::Scan(7)]);
}

#[test]
fn what_ycsb_prints_is_understood() {
    let text = "***************** properties *****************\n\
                \"recordcount\"=\"1000\"\n\
                INSERT usertable user6284781860667377211 [ field0=#1[\u{1}\"\\ x y field1=]\n\
                [OVERALL], RunTime(ms), 7\n\
                READ usertable user1 [ <all fields>]\r\n\
                UPDATE usertable user#2 [ field1=READ x]\n\
                SCAN usertable user3 35 [ <all fields>]\n\
                DELETE usertable user4";
    let lines = strings(text, TraceKeys::Ycsb).unwrap();
    let expected: [(Verb, &[u8]); 5] = [
        (Verb::Put, b"user6284781860667377211"),
        (Verb::Read, b"user1"),
        (Verb::Put, b"user#2"),
        (Verb::Scan(35), b"user3"),
        (Verb::Remove, b"user4"),
    ];
    assert_eq!(lines, expected.map(|(verb, key)| (verb, key.to_vec())));
    let long = format!("INSERT usertable user1 [ field0={}", "x".repeat(1 << 18));
    assert_eq!(strings(&long, TraceKeys::Ycsb).unwrap().len(), 1);
}

/// What `ycsb load basic -s 2>&1` and `ycsb run basic -s 2>&1` of YCSB 0.17 print around the operations.
#[test]
fn all_that_ycsb_prints_besides_operations_is_skipped() {
    let text = "java -cp /opt/ycsb/conf:/opt/ycsb/lib/core-0.17.0.jar site.ycsb.Client -db site.ycsb.BasicDB -s -t\n\
        Command line: -db site.ycsb.BasicDB -P workloads/workloade -s -t\n\
        YCSB Client 0.17.0\n\n\
        Loading workload...\n\
        Starting test.\n\
        2026-11-30 12:00:00:000 0 sec: 0 operations; est completion in 0 second \n\
        DBWrapper: report latency for each error is false and specific error codes to track for latency are: []\n\
        ***************** properties *****************\n\
        \"insertproportion\"=\"0.05\"\n\
        \"workload\"=\"site.ycsb.workloads.CoreWorkload\"\n\
        **********************************************\n\
        SCAN usertable user4 9 [ field0 field1 ]\n\
        2026-11-30 12:00:10:000 10 sec: 9 operations; 0.9 current ops/sec; [READ: Count=5, Max=9] [INSERT: Count=4]\n\
        [READS], Uniques, 5\n\
        [OVERALL], RunTime(ms), 7\n\
        [TOTAL_GC_TIME_%_G1_Young_Generation], Time(%), 0.0\n\
        [READ], Operations, 5\n\
        [READ], 99thPercentileLatency(us), 300\n\
        [INSERT], Return=OK, 4\n\
        {\"metric\":\"OVERALL\",\"measurement\":\"RunTime(ms)\",\"value\":7}\n";
    let lines = strings(text, TraceKeys::Ycsb).unwrap();
    assert_eq!(lines, [(Verb::Scan(9), b"user4".to_vec())]);
}

#[test]
fn errors_in_strings_name_the_line_and_what_is_wrong() {
    use TraceKeys::{Numbers, Strings, Ycsb};
    let endless = format!("READ {}", "x".repeat(1 << 17));
    for (keys, text, error) in [
        (
            Numbers,
            "READ user1",
            r#"t.txt:1: "user1" is not a key (an unsigned 64-bit number; other keys need"#,
        ),
        (Strings, "READ a\n\nWRITE b", r#"t.txt:3: unknown operation "WRITE""#),
        (Strings, "READ", "t.txt:1: READ needs a key"),
        (Strings, "READ # x", "t.txt:1: READ needs a key"),
        (Strings, "READ a b", r#"t.txt:1: "b" is too much in "READ a b""#),
        (
            Strings,
            "READ usertable user1 [ <all fields>]",
            "t.txt:1: \"user1\" is too much in \"READ usertable user1 [ <all fields>]\" (what YCSB prints needs",
        ),
        (Strings, "READ \"a", r#"t.txt:1: "\"a" has no closing quote"#),
        (Strings, "READ \"a # \u{200b}\nREAD b", r#"t.txt:1: "\"a # \u{200b}" has no closing quote"#),
        (Strings, "READ \"a\\\"", r#"t.txt:1: "\"a\\\"" has no closing quote"#),
        (Strings, "READ \"a\"\u{200b}", r#"t.txt:1: a blank must follow the quote before "\u{200b}""#),
        (Strings, r#"READ "\q""#, r#"t.txt:1: "\\q\"" is no escape; there are \\, \", \n"#),
        (Strings, r#"READ "\xg0""#, r#"t.txt:1: "\\xg0" is no escape"#),
        (Strings, r#"READ "\x+1""#, r#"t.txt:1: "\\x+1" is no escape"#),
        (Strings, "SCAN a", "t.txt:1: SCAN needs a number of pairs"),
        (Strings, "SCAN a \"7\"", r#"t.txt:1: "\"7\"" is not a number of pairs"#),
        (Strings, &endless, "t.txt:1: no trace has a line of over 131072 bytes; it begins with \"READ xxx"),
        (Ycsb, "READ", "t.txt:1: READ needs a table and a key"),
        (Ycsb, "x\nREAD usertable [ <all fields>]", "t.txt:2: READ needs a key"),
        (Ycsb, "READ usertable user1 \u{a0}", r#"t.txt:1: "\u{a0}" is too much in "READ usertable"#),
        (Ycsb, "x\n\u{feff}READ usertable user1", r#"t.txt:2: unknown operation "\u{feff}READ""#),
        (
            Ycsb,
            "READ\u{a0}usertable user1",
            r#"t.txt:1: unknown operation "READ\u{a0}usertable"; known are INSERT"#,
        ),
        (Ycsb, "R\0E\0A\0D\0", r#"t.txt:1: "R\0E\0A\0D\0" has bytes 0, as UTF-16 text"#),
        (Ycsb, "SCAN usertable user1 [ <all fields>]", "t.txt:1: SCAN needs a number of pairs"),
    ] {
        let got = strings(text, keys).unwrap_err();
        assert!(got.starts_with(error), "{got}\nis not\n{error}");
    }
    for (keys, example) in [(Strings, "such as INSERT user1 or READ user1"), (Ycsb, "`ycsb load basic`")] {
        for text in ["", "\u{feff}\r\n", "  \t\r"] {
            let error = strings(text, keys).unwrap_err();
            assert!(error.starts_with("t.txt: there is no operation in it; "), "{error}");
            assert!(error.contains(example), "{error}");
        }
    }
    assert!(strings("# READ a", Strings).unwrap_err().contains("no operation"));
    assert!(strings("[OVERALL], RunTime(ms), 7", Ycsb).unwrap_err().contains("no operation"));
}
