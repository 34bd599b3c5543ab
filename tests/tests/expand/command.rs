//! `#[command]`

expansions! {
    a_command_is_data {
        #[command(domain = "payments")]
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct DebitAccount {
            pub account: Uuid,
            pub cents: i64,
        }
    }

    a_reply_is_a_type_of_the_command {
        #[command(domain = "payments", reply = HashMap<Uuid, Receipt>)]
        struct DebitAccounts {
            accounts: Vec<Uuid>,
        }
    }

    a_name_that_travels_stays_when_the_type_is_renamed {
        #[command(domain = "payments", name = "DebitAccount", aliases("Debit", "ChargeAccount"))]
        struct Debit {
            cents: i64,
        }
    }

    an_older_payload_is_made_the_current_one_step_by_step {
        #[command(domain = "payments", version = 3, upcast(2 = Debit::from_v2, 1 = crate::history::with_cents))]
        struct Debit {
            cents: i64,
            currency: String,
        }
    }

    a_version_may_forget_the_older_ones {
        #[command(domain = "payments", version = 2)]
        struct Debit;
    }

    attempts_pauses_and_time_are_part_of_the_data {
        #[command(domain = "payments", max_attempts = 5, backoff = "500ms, 10s, 5m", timeout = "30s")]
        struct DebitAccount;
    }

    a_group_is_a_function_of_a_field {
        #[command(domain = "payments", group_by = account)]
        struct DebitAccount {
            account: u64,
        }
    }

    what_is_sensitive_is_known_by_its_name_on_the_wire {
        #[command(domain = "payments")]
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct DebitCard {
            #[command(sensitive)]
            card_number: String,
            #[command(sensitive)]
            #[serde(rename = "cvc")]
            code: String,
            cents: i64,
        }
    }

    an_enum_is_a_command_too {
        #[command(domain = "payments")]
        enum ChangeLimit {
            Raise { by: i64 },
            Remove(#[serde(with = "reasons")] Reason),
            Suspend {
                #[command(sensitive)]
                reason: String,
            },
        }
    }

    docs_visibility_and_conditions_stay_where_they_are {
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
    }

    a_raw_identifier_travels_without_its_mark {
        #[command(domain = "traits", reply = r#struct::Reply, group_by = r#type)]
        struct r#impl {
            #[command(sensitive)]
            r#type: String,
        }
    }

    the_library_may_be_elsewhere {
        #[command(
            domain = "payments",
            reply = Receipt,
            version = 2,
            upcast(1 = Debit::from_v1),
            backoff = "10s",
            timeout = "1s",
            group_by = account,
            crate = ::platform::bus
        )]
        struct Debit {
            account: u64,
        }
    }
}
