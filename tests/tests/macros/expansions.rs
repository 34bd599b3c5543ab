//! `expansion_of!`, and what it shows of every macro.

use commandbus::expansion_of;

mod size;

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
    use ::commandbus::__private::probes:: *; ::commandbus::handler::CommandEntry::of:: <
    DebitAccount > (::core::file!(), ::core::line!())
    .with_schemas(::commandbus::__private::SchemaOf:: < DebitAccount > ::SCHEMA,
    ::commandbus::__private::SchemaOf:: < Receipt > ::SCHEMA,)
}
"#
    );
}

#[test]
fn a_group_is_a_function_of_a_field() {
    let code = expansion_of! {
        #[command(domain = "payments", group_by = account)]
        struct DebitAccount {
            account: u64,
        }
    };
    let written = r#"
    fn group(
        &self,
    ) -> ::core::result::Result<
        ::core::option::Option<::std::string::String>,
        ::commandbus::message::envelope::PayloadError,
    > {
        ::commandbus::message::group::group_key("DebitAccount", &self.account)
    }
"#;
    assert!(code.contains(written), "{code}");
}

#[test]
fn docs_visibility_and_conditions_stay_where_they_are() {
    let code = expansion_of! {
        /// Debits an account.
        #[command(domain = "payments")]
        #[cfg(unix)]
        pub(in crate::payments) struct DebitAccount {
            /// Whose.
            pub(super) account: u64,
            /// What it is paid with.
            #[cfg(feature = "cards")]
            #[command(sensitive)]
            card: String,
        }

        /// Does it.
        #[handler]
        #[cfg(unix)]
        pub(in crate::payments) async fn debit_account(#[allow(unused)] command: DebitAccount) {}
    };
    for kept in [
        "/// Debits an account.\n",
        "pub(in crate::payments) struct DebitAccount {\n    /// Whose.\n    pub(super) account: u64,\n",
        "    /// What it is paid with.\n    #[cfg(feature = \"cards\")]\n    card: String,\n",
        "/// Does it.\n#[cfg(unix)]\npub(in crate::payments) async fn debit_account(",
        "pub(in crate::payments) struct debit_account {}",
    ] {
        assert!(code.contains(kept), "{kept}\n{code}");
    }
    // With the item comes and goes all that is made of it: two items, two impls, a struct and two registrations.
    assert_eq!(code.matches("#[cfg(unix)]").count(), 7, "{code}");
}

#[test]
fn a_set_is_a_list_of_its_methods() {
    let code = expansion_of! {
        #[handler_set]
        impl Payments {
            #[handler]
            async fn debit(&self, command: DebitAccount, context: Context) -> Result<Receipt, DebitError> {
                self.ledger.debit(command).await
            }
            #[cfg(feature = "credits")]
            #[handler]
            async fn credit(&self, command: CreditAccount) {}
            fn balance(&self) -> i64 {}
        }
    };
    assert_eq!(
        code,
        r#"impl Payments {
    async fn debit(
        &self,
        command: DebitAccount,
        context: Context,
    ) -> Result<Receipt, DebitError> {
        self.ledger.debit(command).await
    }
    #[cfg(feature = "credits")]
    async fn credit(&self, command: CreditAccount) {}
    fn balance(&self) -> i64 {}
}
#[automatically_derived]
impl ::commandbus::handler::HandlerSet for Payments {
    const ENTRIES: &'static [::commandbus::handler::SetEntry<Self>] = &[
        ::commandbus::handler::HandlerEntry {
            command: <DebitAccount as ::commandbus::message::Command>::SPEC,
            name: ::core::concat!(::core::module_path!(), "::Payments::debit"),
            file: ::core::file!(),
            line: ::core::line!(),
            needs: &[<Context as ::commandbus::__private::Parameter>::NEEDS],
            call: |set, invocation| {
                use ::commandbus::__private::probes::*;
                let known = ::commandbus::__private::CommandOf::<DebitAccount>::KNOWN;
                let returned = ::commandbus::__private::Returned::<
                    Result<Receipt, DebitError>,
                >::SHAPE;
                let failure = (&&&&returned.error()).failure();
                let shared = ::commandbus::__private::CallWith::<((), Context)>::CALLER
                    .of(::commandbus::__private::SetOf::<Self>::SHARED);
                shared
                    .call(
                        (set, invocation),
                        move |set, command, ((), parameter_1)| {
                            shared.future(Self::debit(set, command, parameter_1))
                        },
                        known.conclusion(returned, failure),
                    )
            },
        },
        #[cfg(feature = "credits")]
        ::commandbus::handler::HandlerEntry {
            command: <CreditAccount as ::commandbus::message::Command>::SPEC,
            name: ::core::concat!(::core::module_path!(), "::Payments::credit"),
            file: ::core::file!(),
            line: ::core::line!(),
            needs: &[],
            call: |set, invocation| {
                use ::commandbus::__private::probes::*;
                let known = ::commandbus::__private::CommandOf::<CreditAccount>::KNOWN;
                let returned = ::commandbus::__private::Returned::<()>::SHAPE;
                let failure = (&&&&returned.error()).failure();
                let shared = ::commandbus::__private::CallWith::<()>::CALLER
                    .of(::commandbus::__private::SetOf::<Self>::SHARED);
                shared
                    .call(
                        (set, invocation),
                        move |set, command, ()| {
                            shared.future(Self::credit(set, command))
                        },
                        known.conclusion(returned, failure),
                    )
            },
        },
    ];
    fn bind(
        set: &::std::sync::Arc<Self>,
        method: ::commandbus::handler::SetCall<Self>,
    ) -> ::commandbus::handler::Callable {
        use ::commandbus::__private::probes::*;
        ::commandbus::__private::SetOf::<Self>::SHARED.bind(set, method)
    }
}
#[cfg(feature = "credits")]
const _: () = ::commandbus::__private::refuse_second_of_set(
    <Payments as ::commandbus::handler::HandlerSet>::ENTRIES,
    ::core::concat!(::core::module_path!(), "::Payments::credit"),
);
::commandbus::__private::inventory::submit! {
    ::commandbus::__private::LinkedSet::of:: < Payments > ("Payments")
}
"#
    );
}

#[test]
fn a_batch_is_what_may_be_in_it() {
    let code = expansion_of! {
        #[batch(DebitAccount, CreditAccount)]
        pub struct Settlement;
    };
    assert_eq!(
        code,
        r#"pub struct Settlement;
#[automatically_derived]
impl ::commandbus::bus::BatchKind for Settlement {
    const DOMAIN: &'static ::commandbus::message::Domain = {
        use ::commandbus::__private::FallbackSpec as _;
        ::commandbus::__private::domain_of(
            ::commandbus::__private::CommandOf::<DebitAccount>::SPEC,
        )
    };
}
#[automatically_derived]
impl ::commandbus::bus::BatchMember<Settlement> for DebitAccount {}
#[automatically_derived]
impl ::commandbus::bus::BatchMember<Settlement> for CreditAccount {}
const _: () = {
    use ::commandbus::__private::FallbackSpec as _;
    ::commandbus::__private::refuse_other_domain(
        ::commandbus::__private::CommandOf::<CreditAccount>::SPEC,
        ::commandbus::__private::CommandOf::<DebitAccount>::SPEC,
    )
};
"#
    );
}

#[test]
fn a_process_is_a_table() {
    let code = expansion_of! {
        #[process(domain = "transfers", steps = [reserve, (credit, notify)], deadline = "1h")]
        impl Transfer {
            #[step(timeout = "30s", aliases("hold"))]
            fn reserve(&self) -> ReserveFunds {
                ReserveFunds { cents: self.cents }
            }
            #[on(reserve)]
            fn reserved(&mut self, reply: FundsReserved) {}
            #[undo(reserve)]
            fn release(&self) -> ReleaseFunds {}
            fn credit(&self) -> CreditAccount {}
            fn notify(&self) -> SendReceipt {}
            fn next(&self, done: TransferStep) -> Next<TransferStep> {}
        }
    };
    assert_eq!(
        code,
        r#"impl Transfer {
    fn reserve(&self) -> ReserveFunds {
        ReserveFunds { cents: self.cents }
    }
    fn reserved(&mut self, reply: FundsReserved) {}
    fn release(&self) -> ReleaseFunds {}
    fn credit(&self) -> CreditAccount {}
    fn notify(&self) -> SendReceipt {}
    fn next(&self, done: TransferStep) -> Next<TransferStep> {}
}
/// The steps of `Transfer`.
#[derive(
    ::core::fmt::Debug,
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::hash::Hash,
)]
#[allow(clippy::exhaustive_enums)]
pub enum TransferStep {
    /// The step `reserve`.
    Reserve,
    /// The step `credit`.
    Credit,
    /// The step `notify`.
    Notify,
}
#[automatically_derived]
impl ::commandbus::process::Step for TransferStep {
    const ALL: &'static [Self] = &[Self::Reserve, Self::Credit, Self::Notify];
    fn index(self) -> usize {
        self as usize
    }
}
#[automatically_derived]
impl ::commandbus::process::Process for Transfer {
    type Step = TransferStep;
    const SPEC: &'static ::commandbus::process::ProcessSpec<Self> = {
        use ::commandbus::__private::probes::*;
        &::commandbus::process::ProcessSpec::new(
                "transfers",
                "Transfer",
                const {
                    &[
                        ::commandbus::process::StepSpec::new(
                                "reserve",
                                0,
                                ::commandbus::process::Action::new::<
                                    ReserveFunds,
                                >(|process| {
                                    ::commandbus::__private::CommandOf::<ReserveFunds>::KNOWN
                                        .prepare(&Self::reserve(process))
                                }),
                            )
                            .with_aliases(&["hold"])
                            .with_timeout(::core::time::Duration::from_millis(30000))
                            .with_on(|process, reply| {
                                ::commandbus::__private::CommandOf::<ReserveFunds>::KNOWN
                                    .learn::<FundsReserved>(reply)
                                    .map(|reply| Self::reserved(process, reply))
                            })
                            .with_undo(
                                ::commandbus::process::Action::new::<
                                    ReleaseFunds,
                                >(|process| {
                                    ::commandbus::__private::CommandOf::<ReleaseFunds>::KNOWN
                                        .prepare(&Self::release(process))
                                }),
                            ),
                        ::commandbus::process::StepSpec::new(
                            "credit",
                            1,
                            ::commandbus::process::Action::new::<
                                CreditAccount,
                            >(|process| {
                                ::commandbus::__private::CommandOf::<CreditAccount>::KNOWN
                                    .prepare(&Self::credit(process))
                            }),
                        ),
                        ::commandbus::process::StepSpec::new(
                            "notify",
                            1,
                            ::commandbus::process::Action::new::<
                                SendReceipt,
                            >(|process| {
                                ::commandbus::__private::CommandOf::<SendReceipt>::KNOWN
                                    .prepare(&Self::notify(process))
                            }),
                        ),
                    ]
                },
            )
            .with_deadline(::core::time::Duration::from_millis(3600000))
            .with_next(|process, done| {
                ::commandbus::__private::next::<
                    Self,
                    TransferStep,
                    Next<TransferStep>,
                >(done, |done| Self::next(process, done))
            })
    };
}
::commandbus::__private::inventory::submit! {
    ::commandbus::process::ProcessEntry::of:: < Transfer > (::core::file!(),
    ::core::line!())
}
"#
    );
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

        #[process(domain = "payments", steps = [debit], deadline = "1h", crate = ::platform::bus)]
        impl Payment {
            #[step(timeout = "1s")]
            fn debit(&self) -> DebitAccount {}
            #[on(debit)]
            fn debited(&mut self, reply: Receipt) {}
            #[undo(debit)]
            fn refund(&self) -> Refund {}
            fn next(&self, done: PaymentStep) -> Next<PaymentStep> {}
        }

        #[handler_set(crate = ::platform::bus)]
        impl Payments {
            #[handler]
            async fn debit(&self, command: DebitAccount, context: Context) -> Result<(), DebitError> {}
            #[handler]
            async fn credit(&self, command: CreditAccount) {}
        }

        #[batch(DebitAccount, CreditAccount, crate = ::platform::bus)]
        struct Settlement;
    };
    assert!(!code.contains("commandbus"), "{code}");
    assert!(code.contains("#[derive(Debug)]"), "{code}");
}

#[test]
fn a_refused_process_keeps_its_methods_and_its_steps() {
    let code = expansion_of! {
        #[process(domain = "payments", steps = [debit, (refnd, notify)])]
        impl Payment {
            #[on(debit)]
            fn debit(&self) -> DebitAccount {}
            #[undo(debit)]
            fn refund(&self) -> Refund {}
            #[step(timeout = "1s")]
            const LIMIT: u8 = { 1 };
        }
    };
    for kept in
        ["fn debit(&self)", "fn refund(&self)", "const LIMIT: u8", "Debit,", "Refund,", "Notify,", "refused_process"]
    {
        assert!(code.contains(kept), "{kept}: {code}");
    }
    for gone in ["#[on(", "#[undo(", "#[step(", "Refnd"] {
        assert!(!code.contains(gone), "{gone}: {code}");
    }
}
