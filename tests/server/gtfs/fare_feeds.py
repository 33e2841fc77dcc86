"""Feeds with fares to break: the town of the schedule tests, with zones, and fares of the first or the second model."""

from tests.server.gtfs.schedule_feeds import TOWN

STOPS = (
    "stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id\n"
    "A,01,가,37.260,127.0,inner\nB,02,나,37.263,127.0,inner\nC,03,다,37.266,127.0,outer\nD,04,라,37.269,127.0,\n"
)

FIRST = {
    "stops.txt": STOPS,
    "fare_attributes.txt": (
        "fare_id,price,currency_type,payment_method,transfers,transfer_duration\nin,2.50,EUR,0,1,3600\nout,4,EUR,0,0,\n"
    ),
    "fare_rules.txt": (
        "fare_id,route_id,origin_id,destination_id\nin,,inner,inner\nin,,outer,outer\nout,R,inner,outer\nout,R,outer,inner\n"
    ),
}
"""The first model: two zones, cents, a fare good for two rides."""

SECOND = {
    "routes.txt": "route_id,route_short_name,route_type,network_id\nR,11,3,bus\nS,12,3,bus\nF,1,4,\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "A,가,37.260,127.0,,ST\nB,나,37.263,127.0,,\nC,다,37.266,127.0,,\nD,라,37.269,127.0,,\nST,역,37.26,127.0,1,\n"
    ),
    "rider_categories.txt": (
        "rider_category_id,rider_category_name,is_default_fare_category\nchild,Child,0\nadult,Adult,1\n"
    ),
    "fare_products.txt": (
        "fare_product_id,rider_category_id,fare_media_id,amount,currency\n"
        "single,adult,,1500,KRW\nsingle,child,,700,KRW\npeak,,card,2000,KRW\npeak,,cash,2200,KRW\nboat,adult,,3000,KRW\n"
        "change,,,-500,KRW\n"
    ),
    "fare_leg_rules.txt": (
        "leg_group_id,network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority\n"
        "bus,bus,,,,single,\nbus,bus,centre,,morning,peak,5\nboat,ferry,,,,boat,\n"
    ),
    "networks.txt": "network_id,network_name\nferry,Ferry\n",
    "route_networks.txt": "network_id,route_id\nferry,F\n",
    "areas.txt": "area_id,area_name\ncentre,Centre\n",
    "stop_areas.txt": "area_id,stop_id\ncentre,ST\n",
    "timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\nmorning,07:00:00,09:00:00,W\n",
    "fare_transfer_rules.txt": (
        "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,fare_transfer_type,"
        "fare_product_id\nbus,bus,2,1800,2,0,\nbus,boat,,,,1,change\n"
    ),
}
"""The second model: two classes, a peak price from the centre, networks, transfers."""

__all__ = ["FIRST", "SECOND", "TOWN"]
