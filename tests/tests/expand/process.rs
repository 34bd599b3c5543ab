//! `#[process]`

expansions! {
    a_process_is_a_table_of_its_steps {
        #[process(domain = "transfers", steps = [reserve, credit])]
        impl Transfer {
            fn reserve(&self) -> ReserveFunds {
                ReserveFunds { cents: self.cents }
            }

            fn credit(&self) -> CreditAccount {
                CreditAccount { cents: self.cents }
            }

            fn is_large(&self) -> bool {
                self.cents > 1_000_000
            }
        }
    }

    a_step_may_learn_from_its_reply_and_be_taken_back {
        #[process(domain = "transfers", steps = [reserve])]
        impl Transfer {
            fn reserve(&self) -> ReserveFunds {
                ReserveFunds { cents: self.cents }
            }

            #[on(reserve)]
            fn reserved(&mut self, reply: FundsReserved) {
                self.hold = Some(reply.hold);
            }

            #[undo(reserve)]
            fn release(&self) -> ReleaseFunds {
                ReleaseFunds { hold: self.hold }
            }
        }
    }

    steps_in_parentheses_are_sent_together {
        #[process(domain = "transfers", steps = [(credit, notify)])]
        impl Transfer {
            fn credit(&self) -> CreditAccount {}
            fn notify(&self) -> mail::SendReceipt {}
        }
    }

    what_follows_a_step_may_be_chosen {
        #[process(domain = "transfers", steps = [reserve, credit])]
        impl Transfer {
            fn reserve(&self) -> ReserveFunds {}
            fn credit(&self) -> CreditAccount {}

            fn next(&self, done: TransferStep) -> Next<TransferStep> {
                match done {
                    TransferStep::Reserve if self.cents == 0 => Next::Complete,
                    _ => Next::Continue,
                }
            }
        }
    }

    names_and_times_are_part_of_the_table {
        #[process(
            domain = "transfers",
            steps = [reserve],
            name = "Transfer",
            aliases("Payment", "MoneyTransfer"),
            deadline = "1h"
        )]
        impl MoneyTransfer {
            #[step(timeout = "30s", aliases("hold", "block"))]
            fn reserve(&self) -> ReserveFunds {}
        }
    }

    docs_visibility_and_conditions_stay_where_they_are {
        /// Moves money.
        #[process(domain = "transfers", steps = [reserve])]
        #[cfg(unix)]
        impl Transfer {
            /// Sets it aside.
            pub(crate) fn reserve(&self) -> ReserveFunds {}
        }
    }

    a_raw_identifier_is_stored_without_its_mark {
        #[process(domain = "transfers", steps = [r#move])]
        impl r#Transfer {
            fn r#move(&self) -> MoveFunds {}
        }
    }

    the_library_may_be_elsewhere {
        #[process(domain = "payments", steps = [debit], deadline = "1h", crate = ::platform::bus)]
        impl Payment {
            #[step(timeout = "1s", aliases("charge"))]
            fn debit(&self) -> DebitAccount {}
            #[on(debit)]
            fn debited(&mut self, reply: Receipt) {}
            #[undo(debit)]
            fn refund(&self) -> Refund {}
            fn next(&self, done: PaymentStep) -> Next<PaymentStep> {}
        }
    }
}
