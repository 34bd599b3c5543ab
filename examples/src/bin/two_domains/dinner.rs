//! A process across both domains: a third party, which knows the commands of the two and what follows what.

use commandbus::prelude::*;

use crate::{
    couriers::Deliver,
    kitchen::{CookMeal, GiveAway, Meal},
};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Dinner {
    pub(crate) order: u32,
    pub(crate) dish: String,
    pub(crate) street: String,
    pub(crate) box_number: Option<u32>,
}

impl Dinner {
    pub(crate) fn new(order: u32, dish: &str, street: &str) -> Self {
        Self { order, dish: dish.to_owned(), street: street.to_owned(), box_number: None }
    }
}

#[process(domain = "dinners", steps = [cook, deliver])]
impl Dinner {
    fn cook(&self) -> CookMeal {
        CookMeal { order: self.order, dish: self.dish.clone() }
    }

    #[on(cook)]
    fn cooked(&mut self, meal: Meal) {
        self.box_number = Some(meal.box_number);
    }

    #[undo(cook)]
    fn give_away(&self) -> GiveAway {
        GiveAway { order: self.order, box_number: self.box_number }
    }

    fn deliver(&self) -> Deliver {
        Deliver { order: self.order, box_number: self.box_number, street: self.street.clone() }
    }
}

#[cfg(test)]
mod tests {
    use commandbus::testing::TestProcess;

    use super::*;

    #[test]
    fn a_meal_that_nobody_brings_is_given_away() {
        TestProcess::start(Dinner::new(2, "soup", "Lighthouse"))
            .expect::<CookMeal>()
            .reply(Meal { box_number: 102 })
            .expect::<Deliver>()
            .fails("TOO_FAR")
            .expect::<GiveAway>()
            .with(|command| assert_eq!(command.box_number, Some(102)))
            .reply(())
            .canceled()
            .because("TOO_FAR");
    }
}
