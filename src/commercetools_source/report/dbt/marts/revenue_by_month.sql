-- Revenue by month, store and currency, net and gross, and what of it came back. Cancelled orders are left out.
-- An order and what came back of it count in the month in which the order was created, in UTC.

with returns as (

    select order_id, sum(returned_net) as net, sum(returned_gross) as gross
    from {{ ref('order_lines') }}
    group by all

)

select
    cast(date_trunc('month', orders.createdAt) as date) as month,
    orders.store_key,
    orders.totalPrice_currency as currency,
    count(*) as orders,
    coalesce(sum(orders.taxedPrice_totalNet_amount), 0) as net,
    coalesce(sum(orders.taxedPrice_totalGross_amount), 0) as gross,
    coalesce(sum(returns.net), 0) as returned_net,
    coalesce(sum(returns.gross), 0) as returned_gross,
    -- Taxes of these were not calculated, so that it is unknown whether their totals are net or gross.
    count(*) filter (where orders.taxedPrice_totalNet_amount is null) as untaxed_orders,
    coalesce(sum(orders.totalPrice_amount) filter (where orders.taxedPrice_totalNet_amount is null), 0) as untaxed_total
from {{ source('commercetools', 'orders') }} as orders
left join returns on returns.order_id = orders.id
where orders.orderState <> 'Cancelled'
group by all
