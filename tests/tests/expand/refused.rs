//! What is left of an item with a mistake: the item itself, and enough for its other uses. Nobody reads it, so it is not
//! in the documentation.

expansions! {
    a_refused_command_is_still_a_command {
        #[command(domain = "Payments", reply = Receipt, max_attempts = 0)]
        struct DebitAccount {
            #[command(sensitive)]
            card: String,
        }
    }

    a_refused_handler_keeps_its_function_and_its_name {
        #[handler]
        pub fn debit_account(command: &DebitAccount) -> Receipt {
            debit(command)
        }
    }

    a_refused_set_keeps_its_methods {
        #[handler_set]
        impl Payments {
            #[handler]
            async fn debit(self, command: DebitAccount) {}
            fn balance(&self) -> i64 {}
        }
    }

    a_refused_error_can_still_be_returned {
        #[derive(Debug, HandlerError)]
        enum DebitError {
            Closed,
            #[permanent(code = "")]
            #[transient(code = "BUSY")]
            Busy,
        }
    }

    a_refused_batch_can_still_be_filled {
        #[batch(DebitAccount, "CreditAccount")]
        struct Settlement;
    }

    a_refused_process_keeps_its_methods_and_its_steps {
        #[process(domain = "payments", steps = [debit, (refnd, notify)])]
        impl Payment {
            #[on(debit)]
            fn debit(&self) -> DebitAccount {}
            #[undo(debit)]
            fn refund(&self) -> Refund {}
            #[step(timeout = "1s")]
            const LIMIT: u8 = { 1 };
        }
    }
}
