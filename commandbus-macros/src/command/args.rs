//! What is written in `#[command(..)]`.

use proc_macro2::TokenStream;
use syn::{
    ExprPath, Ident, LitInt, LitStr, Token, Type,
    parse::{Parse, ParseStream},
};

use crate::{
    arguments::{Grammar, Key, Written, list, path_value, value},
    crate_path::CratePath,
    diagnostics::Diagnostics,
};

const GRAMMAR: Grammar = Grammar {
    attribute: "`#[command]`",
    keys: &[
        Key { name: "domain", example: "domain = \"payments\"" },
        Key { name: "reply", example: "reply = Receipt" },
        Key { name: "name", example: "name = \"DebitAccount\"" },
        Key { name: "aliases", example: "aliases(\"Debit\", \"ChargeAccount\")" },
        Key { name: "version", example: "version = 2" },
        Key { name: "upcast", example: "upcast(1 = DebitAccount::from_v1)" },
        Key { name: "max_attempts", example: "max_attempts = 5" },
        Key { name: "backoff", example: "backoff = \"10s, 60s, 5m\"" },
        Key { name: "timeout", example: "timeout = \"30s\"" },
        Key { name: "group_by", example: "group_by = account" },
        Key { name: "crate", example: "crate = ::commandbus" },
    ],
};

#[derive(Default)]
pub(super) struct CommandArgs {
    pub(super) domain: Written<LitStr>,
    pub(super) reply: Option<Type>,
    pub(super) name: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) version: Option<LitInt>,
    pub(super) upcasts: Vec<UpcastArg>,
    pub(super) max_attempts: Option<LitInt>,
    pub(super) backoff: Option<LitStr>,
    pub(super) timeout: Option<LitStr>,
    pub(super) group_by: Option<Ident>,
    pub(super) krate: CratePath,
}

/// `1 = Debit::from_v1`
pub(super) struct UpcastArg {
    pub(super) from: LitInt,
    pub(super) function: ExprPath,
}

impl Parse for UpcastArg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let from = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { from, function: input.parse()? })
    }
}

impl CommandArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        let misspelt = GRAMMAR.parse(tokens, errors, |key, input| {
            match key {
                "domain" => args.domain.read(|| value(input))?,
                "reply" => args.reply = Some(value(input)?),
                "name" => args.name = Some(value(input)?),
                "aliases" => args.aliases = list(input)?,
                "version" => args.version = Some(value(input)?),
                "upcast" => args.upcasts = list(input)?,
                "max_attempts" => args.max_attempts = Some(value(input)?),
                "backoff" => args.backoff = Some(value(input)?),
                "timeout" => args.timeout = Some(value(input)?),
                "group_by" => args.group_by = Some(value(input)?),
                _ => args.krate = CratePath(Some(path_value(input)?)),
            }
            Ok(())
        });
        args.domain.unless("domain", &misspelt);
        args
    }
}
