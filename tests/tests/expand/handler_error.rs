//! `#[derive(HandlerError)]`

expansions! {
    each_variant_says_what_it_means {
        #[derive(Debug, thiserror::Error, HandlerError)]
        pub enum DebitError {
            #[error("account {0} is closed")]
            #[permanent(code = "ACCOUNT_CLOSED")]
            Closed(Uuid),
            #[error("insufficient funds")]
            #[business_rule(code = "INSUFFICIENT_FUNDS")]
            Insufficient,
            #[error("the ledger is busy until {until}")]
            #[transient(code = "BUSY")]
            Busy { until: DateTime<Utc> },
        }
    }

    a_variant_may_mean_what_the_error_inside_does {
        #[derive(Debug, thiserror::Error, HandlerError)]
        enum DebitError {
            #[error(transparent)]
            #[inherit]
            Ledger(#[from] ledger::Error),
            #[error("tenant {source}")]
            #[inherit]
            Tenant { source: TenantError },
        }
    }

    a_struct_is_an_error_too {
        #[derive(Debug, HandlerError)]
        #[business_rule(code = "LIMIT_EXCEEDED")]
        struct LimitExceeded {
            limit: i64,
        }

        #[derive(Debug, HandlerError)]
        #[inherit]
        struct Wrapped(LimitExceeded);
    }

    an_error_with_parameters_is_not_looked_for_among_causes {
        #[derive(Debug, HandlerError)]
        enum Failed<E: HandlerError>
        where
            E: Debug,
        {
            #[inherit]
            Inside(E),
            #[transient(code = "OUTSIDE")]
            Outside,
        }
    }

    an_error_without_variants_never_happens {
        #[derive(Debug, HandlerError)]
        enum Never {}
    }

    the_library_may_be_elsewhere {
        #[derive(Debug, HandlerError)]
        #[handler_error(crate = ::platform::bus)]
        enum DebitError {
            #[inherit]
            Inside(Failure),
            #[transient(code = "BUSY")]
            Busy,
        }
    }
}
