//! `expansion_of!`, and what it shows of every macro.

use commandbus::expansion_of;

#[test]
fn a_command_is_data() {
    let code = expansion_of! {
        #[command(domain = "payments", reply = Receipt, max_attempts = 5, backoff = "10s, 5m", aliases("Debit"))]
        #[derive(Serialize, Deserialize)]
        pub struct DebitAccount {
            #[command(sensitive)]
            card: String,
        }
    };
    assert_eq!(
        code,
        r#"#[derive(Serialize, Deserialize)]
pub struct DebitAccount {
    card: String,
}
#[automatically_derived]
impl ::commandbus::message::Command for DebitAccount {
    type Reply = Receipt;
    const SPEC: &'static ::commandbus::message::CommandSpec = &::commandbus::message::CommandSpec::new(
            "payments",
            "DebitAccount",
        )
        .with_reply()
        .with_aliases(&["Debit"])
        .with_max_attempts(5)
        .with_backoff(const {
            &[
                ::core::time::Duration::from_millis(10000),
                ::core::time::Duration::from_millis(300000),
            ]
        })
        .with_sensitive(&["card"]);
}
::commandbus::__private::inventory::submit! {
    ::commandbus::handler::CommandEntry::of:: < DebitAccount > (::core::file!(),
    ::core::line!())
}
"#
    );
}

#[test]
fn a_plain_handler_stays_within_sixty_lines() {
    let code = expansion_of! {
        #[handler]
        pub async fn debit_account(command: DebitAccount, State(ledger): State<Ledger>) -> Result<Receipt, DebitError> {
            ledger.debit(command).await
        }
    };
    assert!(code.contains("pub struct debit_account {}"), "{code}");
    assert!(code.lines().count() <= 60, "{} lines\n{code}", code.lines().count());
}

#[test]
fn nothing_names_the_library_but_by_the_given_path() {
    let code = expansion_of! {
        #[command(domain = "payments", timeout = "1s", crate = ::platform::bus)]
        struct DebitAccount;

        #[handler(crate = ::platform::bus)]
        async fn debit_account(command: DebitAccount, context: Context) -> Result<(), DebitError> {}

        #[derive(Debug, HandlerError)]
        #[handler_error(crate = ::platform::bus)]
        enum DebitError {
            #[inherit]
            Inside(Failure),
            #[transient(code = "BUSY")]
            Busy,
        }
    };
    assert!(!code.contains("commandbus"), "{code}");
    assert!(code.contains("#[derive(Debug)]"), "{code}");
}
