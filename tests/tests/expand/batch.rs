//! `#[batch]`

expansions! {
    a_batch_is_what_may_be_in_it {
        #[batch(DebitAccount, CreditAccount)]
        pub struct Settlement;
    }

    its_commands_may_be_of_other_crates {
        #[batch(DebitAccount, accounts_api::CreditAccount, accounts_api::CloseAccount)]
        struct Settlement;
    }

    docs_visibility_and_conditions_stay_where_they_are {
        /// What is settled together.
        #[batch(DebitAccount, CreditAccount)]
        #[cfg(unix)]
        pub(in crate::payments) struct Settlement;
    }

    the_library_may_be_elsewhere {
        #[batch(DebitAccount, CreditAccount, crate = ::platform::bus)]
        struct Settlement;
    }
}
