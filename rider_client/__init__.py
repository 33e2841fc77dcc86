"""The rider's side: rider SDK (`client`) and the rider pages (`web`)."""
