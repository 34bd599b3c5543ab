//! The kitchen's service: its commands, which are all that other teams see of it, and their handlers.

use commandbus::prelude::*;

#[command(domain = "kitchen", reply = Meal)]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CookMeal {
    pub(crate) order: u32,
    pub(crate) dish: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Meal {
    pub(crate) box_number: u32,
}

/// Takes back a meal that nobody fetches.
#[command(domain = "kitchen")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GiveAway {
    pub(crate) order: u32,
    pub(crate) box_number: Option<u32>,
}

/// What the handlers of this team share.
pub(crate) struct Kitchen {
    pub(crate) menu: &'static [&'static str],
}

#[handler_set]
impl Kitchen {
    #[handler]
    async fn cook(&self, cmd: CookMeal) -> Result<Meal, Failure> {
        if !self.menu.contains(&cmd.dish.as_str()) {
            return Err(Failure::business_rule("NOT_ON_THE_MENU", format!("there is no {}", cmd.dish)));
        }
        println!("   kitchen: cooks {} for order {}", cmd.dish, cmd.order);
        Ok(Meal { box_number: 100 + cmd.order })
    }

    #[handler]
    async fn give_away(&self, cmd: GiveAway) {
        println!("   kitchen: gives away box {} of order {}", cmd.box_number.unwrap_or_default(), cmd.order);
    }
}
