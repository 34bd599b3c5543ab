//! How much code the macros make of the plainest items.

use commandbus::expansion_of;

#[test]
fn a_plain_command_stays_within_sixty_lines() {
    let code = expansion_of! {
        #[command(domain = "payments", reply = Receipt, max_attempts = 5)]
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct DebitAccount {
            pub account: Uuid,
            pub cents: i64,
            pub note: Option<String>,
        }
    };
    assert!(code.contains("Command for DebitAccount"), "{code}");
    assert!(code.lines().count() <= 60, "{} lines\n{code}", code.lines().count());
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
