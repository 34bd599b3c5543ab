//! `#[handler_set]`

expansions! {
    a_set_is_a_list_of_its_methods {
        #[handler_set]
        impl Payments {
            #[handler]
            async fn debit(&self, command: DebitAccount) -> Result<Receipt, DebitError> {
                self.ledger.debit(command).await
            }

            #[handler]
            async fn close(&self, command: CloseAccount) {
                self.ledger.close(command).await;
            }

            fn balance(&self) -> i64 {
                self.ledger.balance()
            }
        }
    }

    a_method_takes_what_a_function_takes {
        #[handler_set]
        impl Payments {
            #[handler]
            async fn debit(
                &self,
                command: DebitAccount,
                context: Context,
                State(limits): State<Limits>,
                tenant: Tenant,
                mut tx: Tx,
            ) -> Result<Receipt, DebitError> {
                self.ledger.debit(command, context, limits, tenant, &mut tx).await
            }
        }
    }

    a_set_is_one_concrete_type {
        #[handler_set]
        impl payments::Payments<'static, Ledger> {
            #[handler]
            async fn debit(self: &Self, command: DebitAccount) {}
        }
    }

    docs_visibility_and_conditions_stay_where_they_are {
        /// What is paid.
        #[handler_set]
        #[cfg(unix)]
        impl Payments {
            /// Debits.
            #[handler]
            pub(crate) async fn debit(&self, #[allow(unused)] command: DebitAccount) {}

            /// Credits.
            #[cfg(feature = "credits")]
            #[handler]
            pub async fn credit(&self, command: CreditAccount) {}
        }
    }

    the_library_may_be_elsewhere {
        #[handler_set(crate = ::platform::bus)]
        impl Payments {
            #[handler]
            async fn debit(&self, command: DebitAccount, context: Context) -> Result<(), DebitError> {}
            #[cfg(feature = "credits")]
            #[handler]
            async fn credit(&self, command: CreditAccount) {}
        }
    }
}
