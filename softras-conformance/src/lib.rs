//! The laws every softras back end obeys, and the suite that checks them.
