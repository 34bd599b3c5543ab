//! `#[handler]`

expansions! {
    a_handler_is_a_function_and_its_entry {
        #[handler]
        async fn debit_account(command: DebitAccount) {
            ledger::debit(command).await;
        }
    }

    what_it_needs_is_known_before_the_first_message {
        #[handler]
        pub async fn debit_account(
            command: DebitAccount,
            context: Context,
            State(ledger): State<Ledger>,
        ) -> Result<Receipt, DebitError> {
            ledger.debit(command, context.command_id()).await
        }
    }

    a_handler_in_a_transaction_is_settled_by_it {
        #[handler]
        async fn debit_account(command: DebitAccount, mut tx: Tx) -> Result<Receipt, sqlx::Error> {
            insert(&mut tx, command).await
        }
    }

    a_parameter_may_be_a_type_of_your_own {
        #[handler]
        async fn debit_account(command: DebitAccount, Tenant(name): Tenant, limits: tenants::Limits<Daily>) -> Receipt {
            debit(command, name, limits).await
        }
    }

    all_of_them_at_once {
        #[handler]
        async fn debit_account(
            DebitAccount { account, cents, .. }: DebitAccount,
            tx: Tx,
            State(ledger): State<Ledger>,
            State(clock): State<Arc<dyn Clock>>,
            tenant: Tenant,
            context: Context,
        ) -> anyhow::Result<Receipt> {
            ledger.debit(account, cents, tx, clock, tenant, context).await
        }
    }

    a_command_may_be_of_another_crate {
        #[handler]
        async fn debit_account(command: payments_api::DebitAccount) -> Result<payments_api::Receipt, Box<dyn Error + Send + Sync>> {
            debit(command).await
        }
    }

    docs_visibility_and_conditions_stay_where_they_are {
        /// Does it.
        #[handler]
        #[cfg(unix)]
        #[tracing::instrument(skip_all)]
        pub(in crate::payments) async fn debit_account(#[allow(unused)] command: DebitAccount) {}
    }

    a_raw_identifier_stays_raw {
        #[handler]
        async fn r#move(command: r#Move) {}
    }

    the_library_may_be_elsewhere {
        #[handler(crate = ::platform::bus)]
        async fn debit_account(command: DebitAccount, context: Context) -> Result<(), DebitError> {}
    }
}
